#include "cli/print_hub.h"

#include <inttypes.h>

#include "cli/open.h"
#include "core/clock.h"
#include "repo/repo.h"

static void json_time(struct jsonw *w, const char *key, int64_t ms)
{
	if (ms && ms != INT64_MAX)
		jsonw_ktime(w, key, ms);
}

void print_hub_json(struct repo *repo, struct jsonw *w)
{
	const struct hub_state *h = &repo->hub.state;
	const char *key = repo_file_hub_key(&repo->file, repo->hub.id);
	char skew[32];

	jsonw_key(w, "hub");
	jsonw_begin_object(w);
	jsonw_kstring_opt(w, "location", h->location);
	jsonw_kstring_opt(w, "key", key);
	jsonw_kstring_opt(w, "instance", h->instance);
	jsonw_ku64(w, "unpushed", repo_hub_unpushed(repo));
	json_time(w, "lastExchange", h->done_at);
	json_time(w, "lastTry", h->tried_at);
	if (h->failure[0]) {
		jsonw_kstring(w, "failure", h->failure);
		jsonw_kstring(w, "message", h->message);
		jsonw_ku64(w, "fails", h->fails);
	}
	if (h->fails)
		json_time(w, "nextTry", h->next_try);
	(void)snprintf(skew, sizeof(skew), "%" PRId64, h->skew);
	jsonw_key(w, "clockSkewMs");
	jsonw_raw(w, skew, strlen(skew));
	jsonw_end_object(w);
}

static void row_time(struct app *app, const char *label, int64_t ms)
{
	char text[CLOCK_TEXT_SIZE], age[32];
	struct buf line = BUF_INIT;

	clock_format(ms, text);
	clock_format_age(ms, clock_now_ms(), age);
	buf_addf(&line, "%s (%s)", text, age);
	app_row(app, label, line.data);
	buf_release(&line);
}

static void row_problem(struct app *app, const struct hub_state *h)
{
	char next[CLOCK_TEXT_SIZE];
	struct buf line = BUF_INIT;

	if (h->failure[0]) {
		buf_addf(&line, "%s: %s", h->failure, h->message);
		app_row(app, "problem", line.data);
	}
	if (h->fails && h->next_try == INT64_MAX) {
		app_row(app, "next try", "after a change of settings, or with 'minsky sync'");
	} else if (h->fails) {
		clock_format(h->next_try, next);
		app_row(app, "next try", next);
	}
	buf_release(&line);
}

void print_hub(struct repo *repo)
{
	const struct hub_state *h = &repo->hub.state;
	uint64_t unpushed = repo_hub_unpushed(repo);
	struct app *app = app_of(repo);
	struct buf line = BUF_INIT;

	app_row(app, "hub", h->location[0] ? h->location : "not reached yet");
	buf_addf(&line, "%" PRIu64 " event%s", unpushed, unpushed == 1 ? "" : "s");
	app_row(app, "unpushed", line.data);
	if (h->done_at)
		row_time(app, "exchanged", h->done_at);
	else
		app_row(app, "exchanged", "never");
	row_problem(app, h);
	if (h->skew > 1000 || h->skew < -1000) {
		buf_clear(&line);
		buf_addf(&line, "this machine's is %" PRId64 " s %s the hub's",
			(h->skew < 0 ? -h->skew : h->skew) / 1000,
			h->skew < 0 ? "ahead of" : "behind");
		app_row(app, "clock", line.data);
	}
	buf_release(&line);
}
