#include "repo/clones.h"

#include "core/fs.h"
#include "core/owner.h"
#include "core/paths.h"
#include "repo/visit.h"

/* A bare repository is its own directory; a work tree's has another one's name. */
static bool looks_bare(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct buf text = BUF_INIT, file = BUF_INIT;
	struct error ignored = ERROR_INIT;
	bool bare = false;

	if (slash && !strcmp(slash, "/.git"))
		return false;
	fs_join(&file, path, "config");
	if (!file.failed && fs_read(file.data, 1 << 20, &text, &ignored) == 0)
		bare = strstr(text.data, "bare = true") != NULL;
	buf_release(&text);
	buf_release(&file);
	return bare;
}

static bool is_there(const struct repo_file_clone *clone)
{
	struct pointer pointer = POINTER_INIT;
	struct error ignored = ERROR_INIT;
	bool there = pointer_read(&pointer, clone->path, &ignored) == 0 &&
		!strcmp(pointer.clone, clone->id);

	pointer_release(&pointer);
	return there;
}

static int visit_linked(const struct clone_visit *clone, clone_fn *fn, void *arg, struct error *err)
{
	struct linked_list list = { .v = NULL };
	struct clone_visit v = *clone;
	int r = clone->there ? linked_load(&list, clone->clone->path, err) : 0;

	for (size_t i = 0; r == 0 && i < list.n; i++) {
		v.linked = &list.v[i];
		v.bare = false;
		if (v.linked->session[0] && fs_is_dir(v.linked->top))
			r = fn(&v, arg, err);
	}
	linked_release(&list);
	return r;
}

static int visit_repo(struct repo *repo, clone_fn *fn, void *arg, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < repo->file.n_clones; i++) {
		const struct repo_file_clone *clone = &repo->file.clones[i];
		struct clone_visit v = { .repo = repo,
			.clone = clone,
			.there = is_there(clone),
			.bare = looks_bare(clone->path) };

		r = fn(&v, arg, err);
		if (r == 0)
			r = visit_linked(&v, fn, arg, err);
	}
	return r;
}

struct visiting {
	clone_fn *fn;
	void *arg;
};

static int visit_other(struct repo *repo, void *arg, struct error *err)
{
	const struct visiting *v = arg;

	return visit_repo(repo, v->fn, v->arg, err);
}

int clones_visit(const struct caller *caller, const char *path, bool all, clone_fn *fn, void *arg,
	size_t *left_out, struct error *err)
{
	struct visiting visiting = { fn, arg };
	struct repo repo = REPO_INIT;
	size_t n = 0;
	int r = 0;

	if (!all)
		r = repo_open(&repo, caller, path, err);
	else
		r = paths_state(&repo.state, err);
	if (r == 0 && all)
		r = owner_check(repo.state.data, err);
	if (r == ERR_NOTFOUND && !path && !repo.common_dir.len) {
		error_clear(err);
		all = true;
		r = 0;
	}
	if (r == 0 && all)
		r = repo_visit_all(caller, repo.state.data, visit_other, &visiting, &n, err);
	else if (r == 0 && repo.known)
		r = visit_repo(&repo, fn, arg, err);
	*left_out = n;
	repo_release(&repo);
	return r;
}
