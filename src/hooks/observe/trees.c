/*
 * The work trees of a clone. They share its refs and its cursor, and each has a HEAD with a log. A
 * hook looks at its own; a look at all refs is one at all HEADs, so that no part of what a work
 * tree did is told without the rest.
 */
#include "core/fs.h"
#include "core/gitfiles/operation.h"
#include "hooks/observe/pending.h"

char *tree_head_name(const char *git_dir, const char *common_dir)
{
	struct buf name = BUF_INIT;

	if (strcmp(git_dir, common_dir) != 0) {
		const char *slash = strrchr(git_dir, '/');

		buf_addf(&name, "worktrees/%s/", slash ? slash + 1 : git_dir);
	}
	buf_adds(&name, "HEAD");
	return buf_detach(&name);
}

int tree_open(struct tree *tree, const char *git_dir, const char *common_dir, struct error *err)
{
	struct tree made = { .branch = BUF_INIT };
	int r;

	made.git_dir = strdup(git_dir);
	made.name = tree_head_name(git_dir, common_dir);
	r = made.git_dir && made.name ? head_read(git_dir, &made.branch, err) : error_nomem(err);
	*tree = made;
	return r;
}

void tree_clear(struct tree *tree)
{
	for (size_t i = 0; i < tree->n_lines; i++)
		free(tree->lines[i].message);
	tree->n_lines = 0;
}

void tree_release(struct tree *tree)
{
	tree_clear(tree);
	free(tree->lines);
	free(tree->git_dir);
	free(tree->name);
	buf_release(&tree->branch);
}

/* One that went away, or is damaged, has nothing to say. */
static int add(struct pending *t, const char *git_dir, const char *session, struct error *err)
{
	struct tree *tree = &t->others[t->n_others];
	int r;

	if (!strcmp(git_dir, t->own.git_dir))
		return 0;
	r = tree_open(tree, git_dir, t->b->common_dir, err);
	if (r < 0) {
		tree_release(tree);
		if (r == ERR_NOMEM)
			return r;
		error_clear(err);
		return 0;
	}
	tree->rebasing = operation_is_rebase(git_dir);
	memcpy(tree->session, session, sizeof(tree->session));
	t->n_others++;
	return 0;
}

int trees_open(struct pending *t, struct error *err)
{
	const struct pointer *p = t->b->pointer;
	char clones[ID_UUID_SIZE] = "";
	int r;

	if (t->all_trees)
		return 0;
	/* What a session's clone has belongs to that session. */
	if (!p->top)
		memcpy(clones, p->session, sizeof(clones));
	r = pending_load_linked(t, err);
	if (r < 0)
		return r;
	t->others = calloc(t->linked.n + 1, sizeof(*t->others));
	if (!t->others)
		return error_nomem(err);
	r = add(t, t->b->common_dir, clones, err);
	for (size_t i = 0; r == 0 && i < t->linked.n; i++) {
		const struct linked *l = &t->linked.v[i];

		r = add(t, l->git_dir, l->session[0] ? l->session : clones, err);
	}
	t->all_trees = r == 0;
	return r;
}

int trees_each(struct pending *t, size_t first, tree_fn *fn, struct error *err)
{
	int r = 0;

	for (size_t i = first; r == 0 && i <= t->n_others; i++) {
		t->at = i ? &t->others[i - 1] : &t->own;
		r = fn(t, err);
	}
	t->at = &t->own;
	return r;
}

static bool has_step(const struct tree *tree, const struct pending_event *event)
{
	for (size_t i = 0; i < tree->n_lines; i++)
		if (oid_equal(&tree->lines[i].line.new_oid, &event->new_oid) &&
			oid_equal(&tree->lines[i].line.old_oid, &event->old_oid))
			return true;
	return false;
}

static bool is_made(enum event_type type)
{
	return type == EVENT_COMMIT_CREATED || type == EVENT_COMMITS_REWRITTEN ||
		type == EVENT_MERGE_COMPLETED;
}

bool trees_foreign(const struct pending *t)
{
	for (size_t i = 0; i < t->n_events; i++) {
		const struct pending_event *event = &t->events[i];

		if (is_made(event->type) && !has_step(&t->own, event))
			return true;
	}
	return false;
}
