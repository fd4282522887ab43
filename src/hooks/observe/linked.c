#include "hooks/observe/linked.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>

#include "core/array.h"
#include "core/clock.h"
#include "core/event.h"
#include "core/fs.h"
#include "core/gitfiles/gitdir.h"
#include "core/gitfiles/refs.h"
#include "core/jsonw.h"

void linked_release(struct linked_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].git_dir);
		free(l->v[i].top);
		free(l->v[i].branch);
	}
	free(l->v);
	*l = (struct linked_list){ .v = NULL };
}

static int read_one(struct linked *out, const char *git_dir, struct error *err)
{
	struct pointer p = POINTER_INIT;
	struct buf top = BUF_INIT, branch = BUF_INIT;
	int r = gitdir_linked_top(git_dir, &top, err);

	if (r == 0)
		r = head_read(git_dir, &branch, err);
	if (r == 0)
		r = pointer_enter(&p, git_dir, err);
	if (r == 0) {
		memcpy(out->session, p.session, sizeof(out->session));
		out->git_dir = strdup(git_dir);
		out->top = buf_detach(&top);
		out->branch = buf_detach(&branch);
		if (!out->branch)
			out->branch = strdup("");
		if (!out->git_dir || !out->top || !out->branch)
			r = error_nomem(err);
	}
	pointer_release(&p);
	buf_release(&top);
	buf_release(&branch);
	return r;
}

static int add(struct linked_list *l, const char *git_dir, struct error *err)
{
	int r;

	if (!ARRAY_GROW_SHORT(l->v, l->n))
		return error_nomem(err);
	l->v[l->n] = (struct linked){ .git_dir = NULL };
	r = read_one(&l->v[l->n], git_dir, err);
	if (r == 0 || r == ERR_NOMEM)
		l->n++; /* what there is of it is released with the list */
	if (r < 0 && r != ERR_NOMEM) {
		error_clear(err);
		r = 0;
	}
	return r;
}

static int is_wanted(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int by_entry_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int linked_load(struct linked_list *out, const char *common_dir, struct error *err)
{
	struct linked_list l = { .v = NULL };
	struct dirent **entries = NULL;
	struct buf dir = BUF_INIT, git_dir = BUF_INIT;
	int n = 0, r;

	fs_join(&dir, common_dir, "worktrees");
	r = buf_check(&dir, err);
	if (r == 0) {
		n = scandir(dir.data, &entries, is_wanted, by_entry_name);
		if (n < 0 && errno != ENOENT)
			r = error_errno(err, "cannot read directory '%s'", dir.data);
	}
	for (int i = 0; i < n; i++) {
		fs_join(&git_dir, dir.data, entries[i]->d_name);
		if (r == 0)
			r = buf_check(&git_dir, err);
		if (r == 0)
			r = add(&l, git_dir.data, err);
		free(entries[i]);
	}
	free(entries);
	if (r == 0) {
		linked_release(out);
		*out = l;
	} else {
		linked_release(&l);
	}
	buf_release(&dir);
	buf_release(&git_dir);
	return r;
}

const char *linked_session(const struct linked_list *l, const char *branch)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].session[0] && !strcmp(l->v[i].branch, branch))
			return l->v[i].session;
	return NULL;
}

static int append_found(struct journal *j, const struct pointer *p, const char *top,
	const char *via, int timeout_ms, struct error *err)
{
	struct event_draft draft = {
		.type = EVENT_SESSION_FOUND, .session = p->session, .at = clock_now_ms(), .via = via
	};
	struct buf data = BUF_INIT;
	struct buf body = BUF_INIT;
	struct journal_entry entry;
	struct actor actor;
	struct jsonw w;
	int r;

	jsonw_init(&w, &data, false);
	jsonw_begin_object(&w);
	jsonw_kstring(&w, "workspace", top);
	jsonw_kstring(&w, "clone", p->clone);
	jsonw_end_object(&w);
	draft.data = data.data;
	draft.data_len = data.len;
	actor_from_environment(&actor);
	r = data.failed ? error_nomem(err) : event_encode(&body, &draft, &actor, err);
	entry.body = body.data;
	entry.len = body.len;
	if (r == 0)
		r = journal_append(j, &entry, 1, timeout_ms, NULL, err);
	buf_release(&body);
	buf_release(&data);
	return r;
}

int observe_found(struct journal *j, struct pointer *p, const char *git_dir, const char *top,
	const char *via, int timeout_ms, struct error *err)
{
	struct buf known = BUF_INIT, real = BUF_INIT;
	int r = 0;

	if (!*top)
		goto out;
	if (!p->top) {
		r = append_found(j, p, top, via, timeout_ms, err);
		goto out;
	}
	if (!strcmp(p->top, top))
		goto out;
	r = gitdir_linked_top(git_dir, &known, err);
	if (r == 0)
		r = fs_realpath(known.data, &real, err);
	/* Not there: git itself will say so. */
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
		goto out;
	}
	if (r < 0 || strcmp(real.data, top) != 0)
		goto out;
	r = append_found(j, p, top, via, timeout_ms, err);
	if (r == 0)
		r = pointer_write_linked(p, git_dir, top, err);
out:
	buf_release(&known);
	buf_release(&real);
	return r;
}
