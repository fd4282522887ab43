#include "history/walk.h"

#include "history/point.h"
#include "log/merge.h"

struct history_walk {
	struct merge *merge; /* or */
	struct journal_reader *reader;
	uint64_t to;
	bool ended;
};

static int open_all(struct history_walk *w, struct journal *j, struct error *err)
{
	struct heads origins = HEADS_INIT, none = HEADS_INIT;
	int r = log_origins(&origins, j, err);

	if (r == 0)
		r = merge_open(&w->merge, j, &origins, &none, err);
	heads_release(&origins);
	return r;
}

int history_walk_open(struct history_walk **out, struct journal *j, const struct log_range *range,
	struct error *err)
{
	struct history_walk *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return error_nomem(err);
	if (range->origin[0])
		r = journal_reader_open(
			&w->reader, j, range->origin, range->from ? range->from - 1 : 0, NULL, err);
	else
		r = open_all(w, j, err);
	if (r < 0) {
		history_walk_close(w);
		return r;
	}
	w->to = range->to;
	*out = w;
	return 0;
}

static int next_merged(struct history_walk *w, const struct record **record_out, struct error *err)
{
	int r = merge_next(w->merge, record_out, err);

	if (r == 0 && !*record_out && merge_damage(w->merge)->code != ERR_OK) {
		*err = *merge_damage(w->merge);
		r = err->code;
	}
	return r;
}

int history_walk_next(struct history_walk *w, const struct record **record_out, struct error *err)
{
	int r = 0;

	*record_out = NULL;
	if (!w->ended)
		r = w->merge ? next_merged(w, record_out, err)
			     : journal_reader_next(w->reader, record_out, err);
	if (r < 0)
		*record_out = NULL;
	if (*record_out && w->to && (*record_out)->seq > w->to)
		*record_out = NULL;
	w->ended = !*record_out;
	return r;
}

const char *history_walk_line(const struct history_walk *w, size_t *len_out)
{
	return w->merge ? merge_line(w->merge, len_out) : journal_reader_line(w->reader, len_out);
}

const struct heads *history_walk_heads(const struct history_walk *w)
{
	return merge_heads(w->merge);
}

void history_walk_close(struct history_walk *w)
{
	if (!w)
		return;
	merge_close(w->merge);
	journal_reader_close(w->reader);
	free(w);
}
