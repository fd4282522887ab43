#include "hooks/observe/past.h"

#include <fcntl.h>
#include <unistd.h>

#include "core/fs.h"
#include "hooks/observe/pending.h"

#define LOG_MAX ((size_t)1 << 30)

/*
 * Of the lines before the place, those that the cursor counts were told since the start; the ones
 * before them are history.
 */
static int find_limits(const struct pending *t, const char *path, const char *name,
	uint64_t *first_out, uint64_t *last_out, struct error *err)
{
	const struct cursor_log *log = cursor_find(t->known, name);
	struct buf text = BUF_INIT;
	uint64_t lines = 0, history;
	int r;

	*first_out = 1;
	*last_out = 0;
	if (!log || !log->place.offset)
		return 0;
	r = fs_read(path, LOG_MAX, &text, err);
	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	for (size_t i = 0; r == 0 && i < text.len && i < log->place.offset; i++)
		lines += text.data[i] == '\n';
	history = lines > log->place.count ? lines - log->place.count : 0;
	*first_out = t->lost ? history + 1 : 1;
	*last_out = t->lost ? lines : history;
	buf_release(&text);
	return r;
}

int history_limits(const struct pending *t, const char *git_dir, const char *log, const char *name,
	uint64_t *first_out, uint64_t *last_out, struct error *err)
{
	struct buf path = BUF_INIT;
	int r;

	*first_out = 1;
	*last_out = UINT64_MAX;
	if (!t->known)
		return 0;
	buf_addf(&path, "%s/logs/%s", git_dir, log);
	r = buf_check(&path, err);
	if (r == 0)
		r = find_limits(t, path.data, name, first_out, last_out, err);
	buf_release(&path);
	return r;
}

static int observe_branch(
	void *arg, const char *name, bool directory, int64_t mtime, struct error *err)
{
	struct pending *t = arg;

	(void)mtime;
	name += strlen("logs/");
	return directory || !ref_name_ok(name) ? 0 : observe_log(t, name, err);
}

static int one_round(struct pending *t, const struct past *h, size_t *events, struct error *err)
{
	int r;

	pending_clear(t);
	r = head_collect(t, err);
	if (r == 0 && !h->branch)
		r = ref_walk(t->b->common_dir, "logs/refs/heads", true, observe_branch, t, err);
	else if (r == 0 && *h->branch)
		r = observe_log(t, h->branch, err);
	if (r == 0)
		r = observe_heads(t, err);
	return r < 0 ? r : pending_append(t, events, err);
}

static int observe_all(struct pending *t, const struct past *h, size_t *events, struct error *err)
{
	struct cursor known = CURSOR_INIT;
	struct cursor_log *head;
	int r = cursor_load(&known, journal_dir(t->j), t->b->pointer->clone, true, err);

	if (r < 0)
		goto out;
	t->known = &known;
	t->since = h->since;
	t->lost = h->lost;
	/* Reads from the beginning, and looks for what was told in the whole journal. */
	t->cursor.all = true;
	t->cursor.dirty = true;
	head = cursor_add(&t->cursor, t->at->name);
	if (!head) {
		r = error_nomem(err);
		goto out;
	}
	head->head = 'a';
	do {
		uint64_t before = t->cursor.seq;

		r = one_round(t, h, events, err);
		t->cursor.seq = before;
		t->cursor.dirty = true;
	} while (r == 0 && t->more);
out:
	t->known = NULL;
	cursor_release(&known);
	return r;
}

int observe_past(const struct past *h, struct journal *j, size_t *events_out, struct error *err)
{
	struct pending t;
	size_t events = 0;
	int lock = -1;
	int r = pending_open(&t, h->bell, j, err);

	if (r == 0)
		r = pending_lock(&t, &lock, err);
	if (r == 0)
		r = observe_all(&t, h, &events, err);
	if (lock >= 0)
		close(lock);
	pending_release(&t);
	if (r == 0)
		*events_out = events;
	return r;
}
