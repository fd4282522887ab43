#include "repo/hook_check.h"

#include <unistd.h>

#include "core/fs.h"
#include "core/gitfiles/refs.h"
#include "core/oid.h"
#include "git/hooks.h"
#include "hooks/install/selftest.h"
#include "hooks/observe/observe.h"
#include "repo/hook_setup.h"

void hook_check_release(struct hook_check *b)
{
	buf_release(&b->reason);
}

const char *hooks_work_name(enum hooks_work s)
{
	return s == HOOKS_WORK ? "work" : s == HOOKS_DO_NOT_WORK ? "do not work" : "are not used";
}

const char *hooks_status_word(enum hooks_work s)
{
	return s == HOOKS_WORK ? "work" : s == HOOKS_DO_NOT_WORK ? "do-not-work" : "foreign";
}

static int dark(struct hook_check *b, const char *reason, struct error *err)
{
	b->state = HOOKS_DO_NOT_WORK;
	buf_clear(&b->reason);
	buf_adds(&b->reason, reason);
	return buf_check(&b->reason, err);
}

/* Does git start ours by this name, with nobody in front of it? */
static bool is_direct(const struct hook_status *s, const struct hooks_report *report,
	const struct hook_place *place)
{
	return (place->own || report->configured) &&
		(s->state == HOOK_OURS || s->state == HOOK_OLD);
}

/* Where HEAD is; zeros would say that the repository was just cloned. */
static void read_head(const char *common_dir, struct oid *oid)
{
	struct error ignored = ERROR_INIT;
	struct buf branch = BUF_INIT;

	*oid = OID_NONE;
	if (head_read(common_dir, &branch, &ignored) == 0 && branch.len)
		(void)ref_read(common_dir, branch.data, oid, &ignored);
	if (oid_is_none(oid))
		memset(oid->hex, '0', 40);
	buf_release(&branch);
}

/* What the hook says does not matter here, nor does its exit status: its answer does. */
static int start_hook(const struct hook_place *place, const char *common_dir, const char *name,
	const char *nonce, struct error *err)
{
	struct buf variable = BUF_INIT;
	const char *env[] = { "MINSKY_HOOK=0", NULL, NULL };
	struct oid head;
	int r;

	buf_addf(&variable, SELFTEST_VARIABLE "=%s", nonce);
	env[1] = variable.data;
	read_head(common_dir, &head);
	r = buf_check(&variable, err);
	if (r == 0)
		r = git_run_hook(place->top.data, name, head.hex, env, err);
	buf_release(&variable);
	return r;
}

/* What a hook answered: "ok", what was wrong, or NULL. The lines are cut in place. */
static const char *answer_of(struct buf *answers, const char *name)
{
	size_t len = strlen(name);

	for (char *at = answers->data, *end; (end = strchr(at, '\n')); at = end + 1)
		if (!strncmp(at, name, len) && at[len] == ' ') {
			*end = '\0';
			return at + len + 1;
		}
	return NULL;
}

static const char *silence_reason(const struct hook_place *place, const char *name)
{
	struct buf path = BUF_INIT;
	bool skipped;

	fs_join(&path, place->directory.data, name);
	skipped = !path.failed && fs_exists(path.data) && access(path.data, X_OK) < 0;
	buf_release(&path);
	return skipped ? "it is not executable" : "it is installed, but did not answer";
}

/* One hook that git starts directly. */
static int try_direct(struct hook_check *b, const char *common_dir, const struct hook_place *place,
	const char *journal, const char *name, const char *nonce, struct error *err)
{
	/* A configured one goes by its arguments: without any it is a commit's. */
	const char *known_as = strcmp(name, "post-receive") != 0 ? "post-commit" : name;
	struct buf answers = BUF_INIT;
	const char *said;
	int r = start_hook(place, common_dir, name, nonce, err);

	if (r == 0)
		r = selftest_read(journal, nonce, &answers, err);
	if (r < 0)
		goto out;
	said = answer_of(&answers, name);
	if (!said)
		said = answer_of(&answers, known_as);
	if (!said || strcmp(said, "ok") != 0) {
		b->state = HOOKS_DO_NOT_WORK;
		buf_addf(&b->reason, "%s%s: %s", b->reason.len ? "; " : "", name,
			said ? said : silence_reason(place, name));
	}
out:
	buf_release(&answers);
	return r;
}

static const char *state_reason(enum hook_state s)
{
	return s == HOOK_ABSENT     ? "it is missing"
		: s == HOOK_FOREIGN ? "another program's hook is there"
		: s == HOOK_CHANGED ? "it was modified"
				    : "";
}

static int not_ringing(struct hook_check *b, const struct hook_place *place,
	const struct hook_status *s, struct error *err)
{
	struct buf why = BUF_INIT;

	b->state = HOOKS_DO_NOT_WORK;
	hook_place_why(place, &why);
	buf_clear(&b->reason);
	if (place->own || !why.len)
		buf_addf(&b->reason, "%s: %s%s%s", s->name, state_reason(s->state),
			why.len ? "; " : "", why.data);
	else
		buf_adds(&b->reason, why.data);
	buf_release(&why);
	return buf_check(&b->reason, err);
}

/* Through somebody else's hooks. */
static int try_through(struct hook_check *b, const char *common_dir, const struct hook_place *place,
	const char *journal, const char *nonce, const struct hook_status *s, struct error *err)
{
	const char *name = place->bare ? "post-receive" : "post-checkout";
	struct buf answers = BUF_INIT;
	const char *said;
	int r = start_hook(place, common_dir, name, nonce, err);

	if (r == 0)
		r = selftest_read(journal, nonce, &answers, err);
	if (r < 0)
		goto out;
	said = answer_of(&answers, name);
	if (!said) {
		r = not_ringing(b, place, s, err);
	} else if (strcmp(said, "ok") != 0) {
		b->state = HOOKS_DO_NOT_WORK;
		buf_addf(&b->reason, "%s: %s", name, said);
	} else {
		buf_addf(&b->reason, "run by another program's hooks; only %s was tested", name);
	}
out:
	buf_release(&answers);
	return r;
}

/* Each trial has its own file. Where not even we can write, no hook will. */
static int try_one(struct hook_check *b, const char *common_dir, const struct hook_place *place,
	const char *journal, const struct hook_status *s, bool direct, struct error *err)
{
	char nonce[ID_HEX_SIZE];
	int r = id_random_hex(nonce, err);

	if (r < 0)
		return r;
	r = selftest_begin(journal, nonce, err);
	if (r == ERR_IO) {
		r = dark(b, err->msg, err);
		error_clear(err);
		return r;
	}
	if (r == 0)
		r = direct ? try_direct(b, common_dir, place, journal, s->name, nonce, err)
			   : try_through(b, common_dir, place, journal, nonce, s, err);
	selftest_end(journal, nonce);
	return r;
}

/* The worst of those that git does not start directly. */
static const struct hook_status *worse(const struct hook_status *a, const struct hook_status *b)
{
	static const int rank[] = { [HOOK_BEHIND] = 1,
		[HOOK_FOREIGN] = 2,
		[HOOK_OURS] = 2,
		[HOOK_OLD] = 2,
		[HOOK_CHANGED] = 3,
		[HOOK_ABSENT] = 4 };

	return a && rank[a->state] >= rank[b->state] ? a : b;
}

static int ring_all(struct hook_check *b, const char *common_dir, const struct hook_place *place,
	const struct hooks_report *report, const char *journal, struct error *err)
{
	const struct hook_status *other = NULL;
	bool tried = false; /* the one that may be tried where others stand in front */
	size_t absent = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < report->n; i++) {
		const struct hook_status *s = &report->v[i];

		absent += s->state == HOOK_ABSENT;
		if (!is_direct(s, report, place)) {
			other = worse(other, s);
			continue;
		}
		tried = tried || !strcmp(s->name, "post-checkout");
		r = try_one(b, common_dir, place, journal, s, true, err);
	}
	if (r < 0 || !other || b->state != HOOKS_WORK)
		return r < 0 ? r : buf_check(&b->reason, err);
	if (place->own && absent == report->n)
		return dark(b, "no hooks are installed", err);
	if (place->off || other->state == HOOK_ABSENT || other->state == HOOK_CHANGED)
		return not_ringing(b, place, other, err);
	if (!tried)
		return try_one(b, common_dir, place, journal, other, false, err);
	if (other->state != HOOK_BEHIND)
		return not_ringing(b, place, other, err);
	buf_addf(&b->reason, "%s is run by another program, and was not tested", other->name);
	return buf_check(&b->reason, err);
}

/* What makes every hook of ours do nothing, and does not depend on where it lies. */
static const char *switched_off(const struct pointer *pointer, const char *common_dir)
{
	const char *variable = getenv("MINSKY_HOOKS");

	if (variable && !strcmp(variable, "0"))
		return "the variable MINSKY_HOOKS is 0";
	if (pointer_where(pointer, common_dir) == POINTER_COPIED)
		return "the directory is a copy of another clone; run any minsky command in it to "
		       "register it";
	return NULL;
}

int hook_check(struct hook_check *b, const char *common_dir, const struct hook_place *place,
	const struct hooks_report *report, struct error *err)
{
	struct pointer pointer = POINTER_INIT;
	const char *why;
	int r;

	buf_clear(&b->reason);
	b->state = HOOKS_WORK;
	if (!fs_exists(common_dir))
		return dark(b, "the clone does not exist", err);
	if (hook_foreign(common_dir)) {
		b->state = HOOKS_FOREIGN;
		buf_adds(&b->reason, "it belongs to another user");
		return buf_check(&b->reason, err);
	}
	r = pointer_read(&pointer, common_dir, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = dark(b, "this repository is not registered", err);
		goto out;
	}
	if (r < 0)
		goto out;
	b->last = last_hook_time(pointer.journal, pointer.clone);
	why = switched_off(&pointer, common_dir);
	r = why ? dark(b, why, err) : ring_all(b, common_dir, place, report, pointer.journal, err);
out:
	pointer_release(&pointer);
	return r;
}
