#include "hooks/install/install.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/owner.h"
#include "core/paths.h"
#include "hooks/install/manifest.h"
#include "hooks/install/target.h"

#define LOCK_WAIT_MS 10000

/* A hooks directory and what is known of it. */
struct place {
	int lock; /* -1: not held */
	char *common; /* real path */
	char *dir; /* real path of the hooks directory, which may not exist yet */
	const char *below; /* the part of dir below common; NULL when it is not there */
	struct manifest manifest;
};

#define PLACE_INIT                                                                                 \
	{                                                                                          \
		.lock = -1, .manifest = MANIFEST_INIT                                              \
	}

static void place_release(struct place *p)
{
	if (p->lock >= 0)
		close(p->lock);
	manifest_release(&p->manifest);
	free(p->common);
	free(p->dir);
}

/* The real path of a directory that may not exist: then its parent must. */
static int real_dir(const char *path, char **out, struct error *err)
{
	struct buf real = BUF_INIT;
	struct buf parent = BUF_INIT;
	const char *slash = strrchr(path, '/');
	int r = fs_realpath(path, &real, err);

	if (r < 0 && err->code == ERR_NOTFOUND && slash && slash[1]) {
		error_clear(err);
		buf_add(&parent, path, slash == path ? 1 : (size_t)(slash - path));
		r = buf_check(&parent, err);
		if (r == 0)
			r = fs_realpath(parent.data, &real, err);
		buf_adds(&real, slash);
	}
	if (r == 0) {
		*out = buf_detach(&real);
		if (!*out)
			r = error_nomem(err);
	}
	buf_release(&parent);
	buf_release(&real);
	return r;
}

static int place_open(
	struct place *p, const char *common_dir, const char *hooks_dir, struct error *err)
{
	struct buf real = BUF_INIT;
	int r = fs_realpath(common_dir, &real, err);

	if (r < 0)
		goto out;
	p->common = strdup(real.data);
	if (!p->common) {
		r = error_nomem(err);
		goto out;
	}
	r = real_dir(hooks_dir, &p->dir, err);
	if (r < 0)
		goto out;
	p->below = path_below(p->dir, p->common);
	if (p->below && !*p->below)
		p->below = NULL;
	r = manifest_load(&p->manifest, p->common, err);
out:
	buf_release(&real);
	return r;
}

/* One writer at a time; what was read of the manifest before may be out of date. */
static int place_lock(struct place *p, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	fs_join(&path, p->common, "minsky");
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_mkdirs(path.data, 0700, err);
	buf_adds(&path, "/hooks.lock");
	if (r == 0)
		r = buf_check(&path, err);
	if (r == 0)
		r = fs_lock(path.data, LOCK_WAIT_MS, &p->lock, err);
	if (r == 0)
		r = manifest_load(&p->manifest, p->common, err);
	buf_release(&path);
	return r;
}

/* What to do about it depends on who owns that directory, which the caller knows better. */
static int refuse_outside(const struct place *p, struct error *err)
{
	return error_refuse(err, "foreign-hooks-directory",
		"git uses the hooks in '%s', which does not belong to this repository", p->dir);
}

static int check_one(
	const struct place *p, const char *name, const char *current, struct error *err)
{
	struct target t;
	enum hook_state state;
	int r = target_look(&t, p->dir, name, err);

	if (r < 0)
		return r;
	state = target_state(&t, &p->manifest, name, current);
	if (state == HOOK_CHANGED) {
		error_refuse(err, "hook-modified", "hook '%s' is minsky's, but was modified",
			t.path.data);
		r = error_hint(err, "move it away, then run again: minsky hooks install");
	} else if (state == HOOK_FOREIGN && t.chained && !target_same(&t)) {
		error_refuse(err, "hook-would-be-lost",
			"'%s' would be lost: the previous hook '%s' already exists", t.path.data,
			t.prev.data);
		r = error_hint(err, "merge the two hooks, then run again: minsky hooks install");
	}
	target_release(&t);
	return r;
}

static int install_one(const struct place *p, const char *name, const struct buf *program,
	const char *current, struct error *err)
{
	struct target t;
	enum hook_state state;
	int r = target_look(&t, p->dir, name, err);

	if (r < 0)
		return r;
	state = target_state(&t, &p->manifest, name, current);
	if (state == HOOK_BEHIND) {
		if (strcmp(t.moved_hash, current) != 0)
			r = fs_replace(t.moved.data, program->data, program->len, 0755, true, err);
		goto out;
	}
	if (state == HOOK_FOREIGN)
		r = target_put_aside(&t, err);
	/* A tool that does not run ours there refuses to work while it lies there. */
	if (r == 0 && t.moved.len && unlink(t.moved.data) < 0)
		r = error_errno(err, "cannot remove '%s'", t.moved.data);
	/*
	 * Where nothing was, nothing can be lost: a power cut may leave an empty file, which git
	 * runs without harm and hooks_status() calls changed. Twelve syncs less for a new
	 * workspace.
	 */
	if (r == 0 && state != HOOK_OURS)
		r = fs_replace(
			t.path.data, program->data, program->len, 0755, state != HOOK_ABSENT, err);
out:
	target_release(&t);
	return r;
}

static int uninstall_one(
	struct place *p, const char *dir, const char *name, struct buf *left, struct error *err)
{
	struct target t;
	enum hook_state state;
	int r = target_look(&t, dir, name, err);

	if (r < 0)
		return r;
	state = target_state(&t, &p->manifest, name, "");
	if (t.moved.len && (state == HOOK_BEHIND || state == HOOK_FOREIGN)) {
		r = target_take_from_tool(&t, err);
		goto drop;
	}
	if (state == HOOK_CHANGED || (state == HOOK_FOREIGN && t.chained && !target_same(&t))) {
		if (left)
			buf_addf(left, "%s\n", t.path.data);
		goto out;
	}
	if (t.chained)
		r = target_put_back(&t, err);
	else if (state == HOOK_OLD && unlink(t.path.data) < 0)
		r = error_errno(err, "cannot remove '%s'", t.path.data);
	if (r == 0 && t.moved.len && unlink(t.moved.data) < 0)
		r = error_errno(err, "cannot remove '%s'", t.moved.data);
drop:
	if (r == 0)
		manifest_drop(&p->manifest, name, NULL);
out:
	target_release(&t);
	return r;
}

/* Every name that may be ours, whatever version and kind of repository they were put in for. */
static int uninstall_all(struct place *p, const char *dir, struct buf *left, struct error *err)
{
	const struct manifest known = p->manifest;
	int r = 0;

	for (size_t i = 0; r == 0 && i < known.n; i++)
		if (i == 0 || strcmp(known.hooks[i].name, known.hooks[i - 1].name) != 0)
			r = uninstall_one(p, dir, known.hooks[i].name, left, err);
	for (int bare = 0; bare < 2; bare++)
		for (const char *const *name = hook_names(bare); r == 0 && *name; name++)
			if (!manifest_knows(&known, *name))
				r = uninstall_one(p, dir, *name, left, err);
	return r;
}

/* Where they were put counts, not where git looks today. */
static int uninstall(struct place *p, struct buf *left, struct error *err)
{
	struct manifest *m = &p->manifest;
	struct buf path = BUF_INIT;
	int r;

	if (m->dir)
		fs_join(&path, p->common, m->dir);
	else if (p->below)
		buf_adds(&path, p->dir);
	else
		return manifest_save(m, p->common, err);
	r = buf_check(&path, err);
	if (r == 0)
		r = uninstall_all(p, path.data, left, err);
	if (r < 0)
		goto out;
	if (!m->n) {
		if (m->made)
			(void)rmdir(path.data);
		free(m->dir);
		m->dir = NULL;
		m->made = false;
	}
	r = manifest_save(m, p->common, err);
out:
	buf_release(&path);
	return r;
}

int hooks_uninstall(const char *common_dir, const char *hooks_dir, bool bare, struct buf *left,
	struct error *err)
{
	struct place p = PLACE_INIT;
	int r = place_open(&p, common_dir, hooks_dir, err);

	(void)bare;
	if (r == 0)
		r = place_lock(&p, err);
	if (r == 0)
		r = uninstall(&p, left, err);
	if (r == 0 && left)
		r = buf_check(left, err);
	place_release(&p);
	return r;
}

/* The manifest knows every file before it appears, and forgets old ones after they are gone. */
static int install_all(
	struct place *p, const struct buf *program, const char *const *names, struct error *err)
{
	struct manifest *m = &p->manifest;
	char current[HASH_HEX_SIZE];
	int r;

	hash_bytes(program->data, program->len, current);
	for (size_t i = 0; names[i]; i++) {
		r = check_one(p, names[i], current, err);
		if (r < 0)
			return r;
	}
	if (!m->dir) {
		m->dir = strdup(p->below);
		if (!m->dir)
			return error_nomem(err);
		m->made = !fs_is_dir(p->dir);
	}
	for (size_t i = 0; names[i]; i++) {
		r = manifest_add(m, names[i], current, err);
		if (r < 0)
			return r;
	}
	/* Whoever else can write there could put another program in the place of ours. */
	r = owner_check(p->dir, err);
	if (r == 0)
		r = manifest_save(m, p->common, err);
	if (r == 0)
		r = fs_mkdirs(p->dir, 0755, err);
	for (size_t i = 0; r == 0 && names[i]; i++)
		r = install_one(p, names[i], program, current, err);
	if (r < 0)
		return r;
	for (size_t i = 0; names[i]; i++)
		manifest_drop(m, names[i], current);
	return manifest_save(m, p->common, err);
}

int hooks_install(const char *common_dir, const char *hooks_dir, const char *program, bool bare,
	struct error *err)
{
	struct place p = PLACE_INIT;
	struct buf bytes = BUF_INIT;
	int r = place_open(&p, common_dir, hooks_dir, err);

	if (r < 0)
		goto out;
	if (!p.below) {
		r = refuse_outside(&p, err);
		goto out;
	}
	r = fs_read(program, PROGRAM_MAX, &bytes, err);
	if (r < 0) {
		error_wrap(err, "cannot read the hook program");
		goto out;
	}
	r = place_lock(&p, err);
	/* An earlier installation may have gone to where git has stopped looking. */
	if (r == 0 && p.manifest.dir && strcmp(p.manifest.dir, p.below) != 0)
		r = uninstall(&p, NULL, err);
	if (r == 0)
		r = install_all(&p, &bytes, hook_names(bare), err);
out:
	buf_release(&bytes);
	place_release(&p);
	return r;
}

static int hash_program(const char *program, char hash[HASH_HEX_SIZE], struct error *err)
{
	struct buf bytes = BUF_INIT;
	int r = fs_read(program, PROGRAM_MAX, &bytes, err);

	if (r == 0)
		hash_bytes(bytes.data, bytes.len, hash);
	buf_release(&bytes);
	return r;
}

int hooks_status(const char *common_dir, const char *hooks_dir, const char *program, bool bare,
	struct hooks_report *out, struct error *err)
{
	const char *const *names = hook_names(bare);
	struct place p = PLACE_INIT;
	struct hooks_report report = { .live = true };
	char current[HASH_HEX_SIZE] = "";
	int r = place_open(&p, common_dir, hooks_dir, err);

	if (r < 0)
		goto out;
	for (size_t i = 0; names[i]; i++) {
		struct hook_status *s = &report.v[report.n++];
		struct target t;

		r = target_look(&t, p.dir, names[i], err);
		if (r < 0)
			goto out;
		/* Not for a directory without hooks: hashing is most of what a new workspace costs.
		 */
		if (program && t.exists && !current[0])
			r = hash_program(program, current, err);
		if (r < 0) {
			target_release(&t);
			goto out;
		}
		s->name = names[i];
		s->state = target_state(&t, &p.manifest, names[i], current);
		s->chained = t.chained;
		report.live = report.live && p.below &&
			(s->state == HOOK_OURS || s->state == HOOK_BEHIND);
		target_release(&t);
	}
	*out = report;
out:
	place_release(&p);
	return r;
}
