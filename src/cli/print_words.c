#include "cli/print_words.h"

#include "cli/open.h"
#include "core/clock.h"
#include "core/session_list.h"
#include "repo/display_name.h"

/* The account that the hub knows, else what the event says: "bob@mira". */
static void add_who(
	struct buf *out, struct repo *repo, const char *origin, const char *user, const char *host)
{
	const char *who = origin_who(repo, origin);

	if (who && (!user || strcmp(who, user) != 0))
		buf_adds(out, who);
	else
		buf_addf(out, "%s%s%s", user ? user : "another machine", host ? "@" : "",
			host ? host : "");
}

static void add_age(struct buf *out, int64_t at, int64_t now)
{
	char age[32];

	clock_format_age(at, now, age);
	buf_addf(out, ", %s", age);
}

static void print_reviews(struct repo *repo, const struct pr *pr, int64_t now)
{
	struct session_word w;
	size_t pos = 0;

	while (session_list_next(pr->reviews, &pos, &w)) {
		struct buf line = BUF_INIT;

		buf_addf(&line, "%.8s approved by ", w.head ? w.head : "?");
		add_who(&line, repo, w.origin, w.user, w.host);
		if (w.agent)
			buf_addf(&line, " (agent %s)", w.agent);
		add_age(&line, w.at, now);
		if (!pr->head || !w.head || strcmp(pr->head, w.head) != 0)
			buf_adds(&line, ", which it has moved on from");
		app_row(app_of(repo), "review", line.data);
		buf_release(&line);
		session_word_release(&w);
	}
}

static void print_hint(struct repo *repo, const struct pr *pr, int64_t now)
{
	struct buf line = BUF_INIT;

	if (!pr->hint || pr->merged_at)
		return;
	buf_addf(&line, "%s, says ", pr->hint);
	add_who(&line, repo, pr->hint_origin, pr->hint_user, pr->hint_host);
	add_age(&line, pr->hinted_at, now);
	app_row(app_of(repo), "hint", line.data);
	buf_release(&line);
}

static void print_notes(struct repo *repo, const struct session *s, int64_t now)
{
	struct session_word w;
	size_t pos = 0;

	while (session_list_next(s->notes, &pos, &w)) {
		struct buf line = BUF_INIT;

		buf_addf(&line, "%s%s%s, by ", w.state ? w.state : "",
			w.state && w.text ? ": " : "", w.text ? w.text : "");
		add_who(&line, repo, w.origin, w.user, w.host);
		add_age(&line, w.at, now);
		if (w.state || w.text)
			app_row(app_of(repo), "note", line.data);
		buf_release(&line);
		session_word_release(&w);
	}
}

void print_words(struct repo *repo, const struct session *s, int64_t now)
{
	const struct pr *pr = session_pr(s);
	struct buf line = BUF_INIT;

	print_notes(repo, s, now);
	if (pr) {
		print_reviews(repo, pr, now);
		print_hint(repo, pr, now);
	}
	if (s->without_effect) {
		buf_addf(&line, "%llu event%s by others without effect",
			(unsigned long long)s->without_effect, s->without_effect == 1 ? "" : "s");
		app_row(app_of(repo), "ignored", line.data);
	}
	buf_release(&line);
}
