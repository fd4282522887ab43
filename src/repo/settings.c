/* The settings of a context: which files, whose trust, which branch's store. */
#include <time.h>
#include <unistd.h>

#include "core/config_kept.h"
#include "core/fs.h"
#include "core/gitfiles/refs.h"
#include "core/trust.h"
#include "git/refs.h"
#include "repo/repo.h"

static void warn_config(void *arg, const char *text)
{
	caller_warn(arg, "%s", text);
}

/*
 * Hooks read no settings: how long one may take stands beside the journal, unless it is the
 * default. What a variable or this command's line says is not for good.
 */
static void remember_deadline(const struct repo *repo)
{
	const char *want = config_get(repo->config, "hooks.deadline");
	struct error ignored = ERROR_INIT;
	struct buf path = BUF_INIT, have = BUF_INIT, text = BUF_INIT;

	if (config_level(repo->config, "hooks.deadline") > CONFIG_OVERRIDE)
		return;
	fs_join(&path, repo->file.journal, "hooks-deadline");
	(void)fs_read_private(path.data, 64, &have, &ignored);
	if (want && config_level(repo->config, "hooks.deadline") != CONFIG_DEFAULT)
		buf_addf(&text, "%s\n", want);
	if (path.failed || text.failed || have.failed || strcmp(have.data, text.data) == 0)
		goto out;
	if (text.len)
		(void)fs_replace(path.data, text.data, text.len, 0600, false, &ignored);
	else
		(void)unlink(path.data);
out:
	buf_release(&path);
	buf_release(&have);
	buf_release(&text);
}

static const char **names_of(const struct repo *repo, const char *main_dir)
{
	const char **names = calloc(repo->file.n_urls + 3, sizeof(*names));
	size_t n = 0;

	if (!names)
		return NULL;
	if (repo->known)
		names[n++] = repo->file.id;
	for (size_t i = 0; i < repo->file.n_urls; i++)
		names[n++] = repo->file.urls[i];
	names[n] = main_dir;
	return names;
}

int repo_config_sources(struct repo *repo, struct config_sources *out, struct buf *file,
	struct buf *text, const char ***names_out, struct error *err)
{
	struct buf dir = BUF_INIT;
	const char **names;
	size_t len;
	int r;

	*out = (struct config_sources){
		.settings = repo->caller->settings,
		.trusted = repo_ask_trust,
		.trusted_arg = repo,
		/* What was said already is not said again after a repository became known. */
		.warn = repo->settings == SETTINGS_QUIET || repo->config ? NULL : warn_config,
		.warn_arg = (void *)repo->caller,
	};
	*names_out = NULL;
	if (!repo->common_dir.len && !repo->file.main_path)
		return 0;
	r = repo_main_dir(repo, NULL, &dir, err);
	if (r < 0)
		goto out;
	fs_join(file, dir.data, ".minsky/config.yaml");
	if (strcmp(dir.data, repo_main_git(repo, NULL)) == 0) {
		/* A bare one has no work tree: its configuration is in HEAD's tree. */
		r = git_read_head_config(dir.data, text, err);
		if (r < 0)
			goto out;
		buf_clear(file);
		buf_addf(file, "%s:HEAD:.minsky/config.yaml", dir.data);
		out->repository_text = text->data;
		out->repository_text_len = text->len;
	}
	/* The path of the repository stands behind the name of the file. */
	buf_addch(file, '\0');
	len = file->len;
	buf_add(file, dir.data, dir.len);
	r = buf_check(file, err);
	if (r < 0)
		goto out;
	names = names_of(repo, file->data + len);
	if (!names) {
		r = error_nomem(err);
		goto out;
	}
	out->repository_file = file->data;
	out->repository_names = names;
	*names_out = names;
out:
	buf_release(&dir);
	return r;
}

int repo_ask_trust(
	void *context, const struct config_key *key, const char *raw, bool *out, struct error *err)
{
	const struct repo *repo = context;
	struct trust t = TRUST_INIT;
	int r;

	*out = false;
	if (!repo->known)
		return 0;
	r = trust_load(&t, repo->state.data, err);
	if (r == 0)
		*out = trust_has(&t, repo->file.id, key->name, raw);
	trust_release(&t);
	return r;
}

/* The branch of the main repository, or its commit; empty where that does not show. */
static int read_branch(const struct repo *repo, struct buf *out, struct error *err)
{
	const char *main_git = repo_main_git(repo, NULL);
	struct error ignored = ERROR_INIT;
	struct buf head = BUF_INIT;
	struct oid oid;
	const char *name;
	int r = 0;

	if (!main_git)
		return 0;
	if (ref_file_read(main_git, "HEAD", &head, &oid, &ignored) < 0)
		goto out;
	name = head.len ? head.data : oid.hex;
	/* With reftables the file says nothing. */
	if (strncmp(name, "refs/heads/.invalid", 19) == 0) {
		buf_clear(&head);
		r = git_head_ref(main_git, &head, err);
		name = head.data;
	}
	if (r == 0) {
		buf_add(out, name, strcspn(name, "\n"));
		r = buf_check(out, err);
	}
out:
	buf_release(&head);
	return r;
}

static int branch_is_there(
	const struct repo *repo, const char *branch, bool *out, struct error *err)
{
	const char *main_git = repo_main_git(repo, NULL);
	struct buf path = BUF_INIT;
	int r;

	*out = false;
	if (strncmp(branch, "refs/heads/", 11) != 0)
		return 0;
	fs_join(&path, main_git, branch);
	r = buf_check(&path, err);
	if (r == 0)
		*out = fs_exists(path.data);
	if (r == 0 && !*out)
		r = git_ref_exists(main_git, branch, out, err);
	buf_release(&path);
	return r;
}

struct deciding {
	struct buf path, branch;
	struct config_kept kept;
	bool other; /* what is written down counts */
};

/* Which branch decides about the store; see config_kept.h. */
static int find_deciding(const struct repo *repo, struct deciding *d, struct error *err)
{
	bool there = true;
	int r;

	fs_join(&d->path, repo->file.journal, "store.json");
	r = buf_check(&d->path, err);
	if (r == 0)
		r = read_branch(repo, &d->branch, err);
	if (r == 0)
		r = config_kept_load(&d->kept, d->path.data, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		return 0;
	}
	if (r < 0 || strcmp(d->kept.branch, d->branch.data) == 0)
		return r;
	if (d->branch.len)
		r = branch_is_there(repo, d->kept.branch, &there, err);
	if (r == 0)
		d->other = there;
	return r;
}

/*
 * The file says something new and HEAD does not: somebody edited it, or git is switching to another
 * branch and writes HEAD last. It has the index locked until shortly before that.
 */
static bool is_edit(const struct repo *repo, const struct deciding *d)
{
	const struct timespec moment = { .tv_nsec = 20000000 };
	struct buf lock = BUF_INIT, branch = BUF_INIT;
	struct error ignored = ERROR_INIT;
	bool is;

	fs_join(&lock, repo_main_git(repo, NULL), "index.lock");
	is = !lock.failed && !fs_exists(lock.data) && nanosleep(&moment, NULL) == 0 &&
		!fs_exists(lock.data) && read_branch(repo, &branch, &ignored) == 0 &&
		strcmp(branch.data, d->branch.data) == 0;
	buf_release(&lock);
	buf_release(&branch);
	return is;
}

static int load_once(struct repo *repo, const struct config_sources *sources, struct error *err)
{
	config_free(repo->config);
	repo->config = NULL;
	return config_load(&repo->config, sources, err);
}

static int load(struct repo *repo, struct config_sources *sources, struct error *err)
{
	struct deciding d = { .path = BUF_INIT, .branch = BUF_INIT, .kept = CONFIG_KEPT_INIT };
	struct error ignored = ERROR_INIT;
	int r = repo->known ? find_deciding(repo, &d, err) : 0;

	if (d.other)
		sources->kept = &d.kept;
	if (r == 0)
		r = load_once(repo, sources, err);
	if (r == 0 && !d.other && d.branch.len && d.kept.branch &&
		strcmp(d.kept.branch, d.branch.data) == 0 &&
		!config_kept_says(&d.kept, repo->config) && !is_edit(repo, &d)) {
		d.other = true;
		sources->kept = &d.kept;
		r = load_once(repo, sources, err);
	}
	if (r == 0 && repo->known) {
		remember_deadline(repo);
		if (!d.other && d.branch.len)
			(void)config_kept_save(d.kept.branch ? &d.kept : NULL, repo->config,
				d.branch.data, d.path.data, &ignored);
	}
	config_kept_release(&d.kept);
	buf_release(&d.path);
	buf_release(&d.branch);
	return r;
}

int repo_load_config(struct repo *repo, struct error *err)
{
	struct config_sources sources;
	struct buf file = BUF_INIT, text = BUF_INIT;
	const char **names = NULL;
	int r;

	if (repo->settings == SETTINGS_UNREAD)
		return 0;
	r = repo_config_sources(repo, &sources, &file, &text, &names, err);
	if (r == 0)
		r = load(repo, &sources, err);
	if (r == ERR_USAGE && !err->hint[0])
		error_hint(err, "for the settings: man minsky-config");
	free(names);
	buf_release(&file);
	buf_release(&text);
	return r;
}

int repo_follow_branch(struct repo *repo, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	fs_join(&path, repo->file.journal, "store.json");
	r = buf_check(&path, err);
	if (r == 0 && unlink(path.data) < 0 && fs_exists(path.data))
		r = error_errno(err, "cannot remove '%s'", path.data);
	buf_release(&path);
	return r < 0 ? r : repo_load_config(repo, err);
}
