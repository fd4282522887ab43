/*
 * minsky-hook: git says that something happened. The program lies in a hooks directory under the
 * names of hooks and knows itself by its name; `minsky-hook run NAME ARGS...` is for hook managers.
 *
 * It must not be noticed. Its exit status is 0, or that of the hook it is chained to; it takes at
 * most its deadline; it writes one line to stderr when something is broken and nothing else. Where
 * there is no pointer file it does nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/duration.h"
#include "core/fs.h"
#include "core/gitfiles/gitdir.h"
#include "core/gitfiles/operation.h"
#include "core/pointer.h"
#include "core/text.h"
#include "hooks/install/install.h"
#include "hooks/install/selftest.h"
#include "hooks/observe/cursor.h"
#include "hooks/observe/linked.h"
#include "hooks/observe/observe.h"
#include "hooks/observe/worker.h"
#include "hooks/program/chain.h"
#include "hooks/program/shared_deadline.h"
#include "log/hub_state.h"
#include "log/journal.h"

#define DEADLINE_MS 200
#define DEADLINE_MAX_MS 60000
#define INPUT_MAX (1u << 20)
#define ERROR_LOG_MAX 65536
#define FRONT_MAX (64 << 20)

static const char version[] = HOOK_MARKER " " MINSKY_VERSION;

/* A configured command is the same for every event; the arguments tell those apart that matter. */
#define RING_ANY "any"

struct ring {
	const char *name; /* of the hook; RING_ANY when git does not say which */
	const char *nonce; /* of a self-test, or NULL */
	int argc; /* its arguments */
	char **argv;
	int deadline_ms;
	bool deadline_given; /* by the environment */
	int64_t started_us; /* monotonic */
	struct buf git_dir, common_dir, top;
	struct shared_deadline patience;
	struct pointer pointer;
	struct journal *journal;
	struct buf pushed;
	bool no_rebase; /* that was looked for, and is not there */
};

static void ring_release(struct ring *r)
{
	buf_release(&r->git_dir);
	buf_release(&r->common_dir);
	buf_release(&r->top);
	buf_release(&r->pushed);
	shared_deadline_release(&r->patience);
	pointer_release(&r->pointer);
	journal_close(r->journal);
}

static bool is_hook(const char *name)
{
	for (int bare = 0; bare < 2; bare++)
		for (const char *const *known = hook_names(bare); *known; known++)
			if (!strcmp(*known, name))
				return true;
	return false;
}

static bool is_set(const char *variable, const char *value)
{
	const char *set = getenv(variable);

	return set && !strcmp(set, value);
}

/* git may have been started without them, and a file of ours must not become its stderr. */
static void open_standard_files(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
			open("/dev/null", fd ? O_WRONLY : O_RDONLY) < 0)
			chain_end();
}

/* What a person wrote, as milliseconds; 0 if it makes no deadline. */
static int deadline_parse(const char *text)
{
	int64_t ms;

	return duration_parse(text, &ms) && ms > 0 && ms <= DEADLINE_MAX_MS ? (int)ms : 0;
}

/*
 * The variable beats what the settings say, which stands in the journal's directory. Until that is
 * found the default holds.
 */
static void read_deadline(struct ring *r)
{
	struct error ignored = ERROR_INIT;
	struct buf path = BUF_INIT;
	struct buf text = BUF_INIT;
	int ms = 0;

	if (r->deadline_given)
		return;
	fs_join(&path, r->pointer.journal, "hooks-deadline");
	if (!path.failed && fs_read_private(path.data, 64, &text, &ignored) == 0) {
		text.data[strcspn(text.data, "\n")] = '\0';
		ms = deadline_parse(text.data);
	}
	if (ms) {
		r->deadline_ms = ms;
		chain_set_deadline(ms);
	}
	buf_release(&text);
	buf_release(&path);
}

/* What hooks of the same git command before us have left of it. */
static bool share_deadline(struct ring *r)
{
	int left = shared_deadline_left(&r->patience, r->deadline_ms);

	if (left && left != r->deadline_ms)
		chain_set_deadline(left);
	r->deadline_ms = left;
	return left > 0;
}

/*
 * A rebase rings for every commit, and twice for one that it squashes. Its steps are nobody's
 * business until its end, which post-rewrite rings for; but `git am`, whose directory looks alike,
 * has no other bell.
 */
static bool is_mid_rebase(struct ring *r)
{
	bool amended =
		!strcmp(r->name, "post-rewrite") && r->argc == 1 && !strcmp(r->argv[0], "amend");

	if (strcmp(r->name, "post-commit") != 0 && strcmp(r->name, "post-checkout") != 0 &&
		strcmp(r->name, "post-applypatch") != 0 && !amended)
		return false;
	r->no_rebase = !operation_is_rebase(r->git_dir.data);
	return !r->no_rebase;
}

/* Somebody else's repository, even if root may read it, is not ours to write about. */
static bool is_ours(const struct ring *r)
{
	struct stat st;

	return stat(r->common_dir.data, &st) == 0 && st.st_uid == geteuid();
}

/* False for a copied clone: it stays silent until a command gives it an identity of its own. */
static int refresh(struct ring *r, bool *go_out, struct error *err)
{
	enum pointer_place place;
	char clone[ID_HEX_SIZE];
	int result;

	memcpy(clone, r->pointer.clone, sizeof(clone));
	result = pointer_update(&r->pointer, r->common_dir.data, false, &place, err);
	if (result == 0 && place == POINTER_REPLACED)
		result = cursor_inherit(r->pointer.journal, clone, r->pointer.clone, err);
	if (result < 0)
		return result;
	*go_out = place != POINTER_COPIED;
	if (!*go_out)
		return 0;
	if (strcmp(r->git_dir.data, r->common_dir.data) != 0) {
		result = pointer_enter(&r->pointer, r->git_dir.data, err);
		if (result == 0 && !r->pointer.top)
			return 0;
	} else if ((place != POINTER_MOVED && place != POINTER_REPLACED) ||
		!r->pointer.session[0]) {
		return 0;
	}
	if (result == 0)
		result = observe_found(r->journal, &r->pointer, r->git_dir.data, r->top.data,
			"hook", r->deadline_ms / 2, err);
	return result;
}

/* The worker for facts gives away what it finds, and what the hook has told, as well. */
static int start_worker(const char *journal, bool facts, struct error *err)
{
	int r = facts ? pr_stale_mark(journal, err) : 0;

	if (r == 0)
		r = worker_start(journal, facts ? WORKER_FACTS : WORKER_FLUSH, err);
	/* A command will see the mark. */
	if (r < 0 && err->code == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	return r;
}

static int answer(struct ring *r, struct error *err)
{
	struct observation bell = { .git_dir = r->git_dir.data,
		.common_dir = r->common_dir.data,
		.pointer = &r->pointer,
		.via = "hook",
		.no_rebase = r->no_rebase,
		.started_us = r->started_us,
		.timeout_ms = r->deadline_ms * 3 / 4 };
	struct observe_result result = { .events = 0 };
	int code;

	if (!strcmp(r->name, "post-receive")) {
		code = chain_read_input(&r->pushed, INPUT_MAX, err);
		if (code < 0)
			return code;
		bell.pushed = r->pushed.data;
		bell.pushed_len = r->pushed.len;
	}
	code = observe(&bell, r->journal, &result, err);
	if (code == 0 &&
		(result.facts_needed ||
			(result.events && hub_due(r->pointer.journal, clock_now_ms()))))
		code = start_worker(r->pointer.journal, result.facts_needed, err);
	return code;
}

/* The only hook of a bare repository is post-receive; elsewhere those without arguments are alike.
 */
static void name_hook(struct ring *r)
{
	if (strcmp(r->name, RING_ANY) != 0)
		return;
	if (!r->top.len)
		r->name = "post-receive";
	else if (r->argc == 3)
		r->name = "post-checkout";
	else if (r->argc == 2)
		r->name = "pre-push";
	else if (r->argc == 1)
		r->name = strspn(r->argv[0], "01") ? "post-merge" : "post-rewrite";
	else
		r->name = "post-commit";
}

static int ring(struct ring *r, struct error *err)
{
	bool go = false;
	int code = gitdir_find(".", true, &r->git_dir, &r->common_dir, &r->top, err);

	if (code < 0 || !is_ours(r))
		return code;
	name_hook(r);
	if (!r->nonce && is_mid_rebase(r))
		return 0;
	if (!r->nonce)
		shared_deadline_open(&r->patience, r->common_dir.data);
	code = pointer_read(&r->pointer, r->common_dir.data, err);
	if (code == 0)
		read_deadline(r);
	if (code == 0 && !share_deadline(r))
		return 0;
	if (code == 0)
		code = journal_open(&r->journal, r->pointer.journal, err);
	if (code == 0)
		code = refresh(r, &go, err);
	if (code == 0 && go)
		code = answer(r, err);
	if (r->nonce && r->journal)
		selftest_answer(r->pointer.journal, r->nonce, r->name,
			code < 0     ? err->msg
				: go ? NULL
				     : "this clone is a copy of another one");
	else if (code == 0 && go)
		last_hook_note(r->pointer.journal, last_hook_id(&r->pointer), clock_now_ms());
	if (code == 0)
		shared_deadline_rest(&r->patience);
	return code;
}

/* The newest half or so is kept: when it is full, the file before it goes. */
static void log_error(const char *journal, const char *hook, const char *text)
{
	struct buf path = BUF_INIT;
	struct buf old = BUF_INIT;
	struct buf line = BUF_INIT;
	struct error ignored = ERROR_INIT;
	char now[CLOCK_TEXT_SIZE];
	struct stat st;
	int fd = -1;

	fs_join(&path, journal, "hook-errors.log");
	buf_addf(&old, "%s.old", path.data);
	clock_format(clock_now_ms(), now);
	buf_addf(&line, "%s %s: %s\n", now, hook, text);
	if (path.failed || old.failed || line.failed)
		goto out;
	if (lstat(path.data, &st) == 0 && st.st_size > ERROR_LOG_MAX / 2)
		(void)rename(path.data, old.data);
	fd = open(path.data, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		(void)fs_write_all(fd, line.data, line.len, &ignored);
out:
	if (fd >= 0)
		close(fd);
	buf_release(&line);
	buf_release(&old);
	buf_release(&path);
}

/* No pointer, no journal, no repository, or somebody was faster: nothing is wrong. */
static void report(struct ring *r, const struct error *err)
{
	struct error ignored = ERROR_INIT;
	struct buf text = BUF_INIT;
	bool said = r->patience.complained;

	if (err->code == ERR_NOTFOUND)
		return;
	shared_deadline_spend(&r->patience, (int)((clock_monotonic_us() - r->started_us) / 1000),
		err->code != ERR_BUSY);
	if (err->code == ERR_BUSY)
		return;
	text_add_line(&text, err->msg, strlen(err->msg));
	if (r->journal)
		log_error(r->pointer.journal, r->name, text.data);
	buf_adds(&text, "; for details: minsky hooks status\n");
	if (!said && !text.failed) {
		struct buf line = BUF_INIT;

		buf_addf(&line, "minsky: %s", text.data);
		(void)fs_write_all(2, line.data, line.len, &ignored);
		buf_release(&line);
	}
	buf_release(&text);
}

static int usage(const char *word)
{
	if (!strcmp(word, "--version")) {
		printf("%s\n", version);
		return fflush(stdout) ? 1 : 0;
	}
	fprintf(stderr, "usage: minsky-hook run HOOK [ARGUMENTS...]\n");
	return 2;
}

/*
 * pre-commit moves a hook that it finds to <name>.legacy and runs it there. Ours still rings,
 * unless it has since been put in front again, and the hook that it was chained to is where it was.
 */
static const char *moved_by_tool(const char *path, struct buf *own)
{
	static const char suffix[] = ".legacy";
	struct error ignored = ERROR_INIT;
	struct buf front = BUF_INIT;
	const char *name = NULL;
	size_t len = strlen(path), cut = sizeof(suffix) - 1;

	if (len <= cut || strcmp(path + len - cut, suffix) != 0)
		return NULL;
	buf_add(own, path, len - cut);
	if (own->failed || !strchr(own->data, '/') || !is_hook(strrchr(own->data, '/') + 1))
		return NULL;
	if (fs_read(own->data, FRONT_MAX, &front, &ignored) < 0 ||
		!memmem(front.data, front.len, HOOK_MARKER, strlen(HOOK_MARKER)))
		name = strrchr(own->data, '/') + 1;
	buf_release(&front);
	return name;
}

/* What we are called as, and which hook waits behind us. False: there is nothing to ring for. */
static bool find_name(struct ring *r, int argc, char **argv, struct buf *own)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *moved;

	r->name = slash ? slash + 1 : argc ? argv[0] : "";
	r->argc = argc - 1;
	r->argv = argv + 1;
	moved = slash ? moved_by_tool(argv[0], own) : NULL;
	if (moved)
		r->name = moved;
	if (slash && is_hook(r->name))
		chain_behind(moved ? own->data : argv[0], argv);
	if (!strcmp(r->name, "minsky-hook") && argc > 2 && !strcmp(argv[1], "run")) {
		r->name = argv[2];
		r->argc = argc - 3;
		r->argv = argv + 3;
	}
	return is_hook(r->name) || !strcmp(r->name, RING_ANY);
}

/* Only files were checked out. */
static bool is_nothing(const struct ring *r)
{
	bool checkout = !strcmp(r->name, "post-checkout") || !strcmp(r->name, RING_ANY);

	return checkout && r->argc == 3 && !strcmp(r->argv[2], "0") && !r->nonce;
}

int main(int argc, char **argv)
{
	struct ring r = { .started_us = clock_monotonic_us(),
		.git_dir = BUF_INIT,
		.common_dir = BUF_INIT,
		.top = BUF_INIT,
		.patience = SHARED_DEADLINE_INIT,
		.pointer = POINTER_INIT,
		.pushed = BUF_INIT };
	struct buf own = BUF_INIT;
	struct error err = ERROR_INIT;
	const char *given;
	bool known;

	chain_init();
	open_standard_files();
	known = find_name(&r, argc, argv, &own);
	if (!known && !strcmp(r.name, "minsky-hook"))
		return usage(argc > 1 ? argv[1] : "");
	r.nonce = selftest_nonce();
	if (r.nonce)
		chain_cut();
	if (!known || is_set("MINSKY_HOOKS", "0") || is_set("MINSKY_HOOK", "1") || is_nothing(&r))
		chain_end();
	given = getenv("MINSKY_HOOKS_DEADLINE");
	r.deadline_ms = given ? deadline_parse(given) : 0;
	r.deadline_given = r.deadline_ms > 0;
	if (!r.deadline_given)
		r.deadline_ms = DEADLINE_MS;
	chain_set_deadline(r.deadline_ms);
	if (ring(&r, &err) < 0)
		report(&r, &err);
	ring_release(&r);
	buf_release(&own);
	chain_end();
}
