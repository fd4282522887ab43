#include "cli/clones.h"

#include "core/fs.h"
#include "core/paths.h"

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

static bool is_there(const struct repo_clone *clone)
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

static int visit_repo(struct context *c, clone_fn *fn, void *arg, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->repo.n_clones; i++) {
		const struct repo_clone *clone = &c->repo.clones[i];
		struct clone_visit v = { .c = c,
			.clone = clone,
			.there = is_there(clone),
			.bare = looks_bare(clone->path) };

		r = fn(&v, arg, err);
		if (r == 0)
			r = visit_linked(&v, fn, arg, err);
	}
	return r;
}

static int visit_all(struct app *app, const char *state, clone_fn *fn, void *arg, struct error *err)
{
	struct repo_list list = { NULL, 0 };
	int r = repo_list_load(&list, state, err);

	for (size_t i = 0; r == 0 && i < list.n; i++) {
		struct context c = CONTEXT_INIT;

		r = context_open_journal(&c, app, list.v[i].journal, err);
		if (r == 0) {
			r = visit_repo(&c, fn, arg, err);
		} else if (r != ERR_NOMEM) {
			app_warn(app, "'%s' is left out: %s",
				list.v[i].name ? list.v[i].name : list.v[i].journal, err->msg);
			error_clear(err);
			app->damaged = true;
			r = 0;
		}
		context_release(&c);
	}
	repo_list_release(&list);
	return r;
}

int clones_visit(
	struct app *app, const char *repo, bool all, clone_fn *fn, void *arg, struct error *err)
{
	struct context c = CONTEXT_INIT;
	int r = 0;

	if (!all)
		r = context_open(&c, app, repo, err);
	else
		r = paths_state(&c.state, err);
	if (r == ERR_NOTFOUND && !repo && !c.common_dir.len) {
		error_clear(err);
		all = true;
		r = 0;
	}
	if (r == 0 && all)
		r = visit_all(app, c.state.data, fn, arg, err);
	else if (r == 0 && c.known)
		r = visit_repo(&c, fn, arg, err);
	context_release(&c);
	return r;
}
