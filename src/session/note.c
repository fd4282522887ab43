#include "session/note.h"

#include "core/invariant.h"
#include "core/text.h"
#include "repo/emit.h"

#define TEXT_MAX 1000

static bool is_state(const char *word)
{
	static const char *const states[] = { "working", "waiting", "blocked", "done" };

	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		if (strcmp(states[i], word) == 0)
			return true;
	return false;
}

int note_check(const struct note_request *req, struct error *err)
{
	if (req->clear && (req->state || req->text))
		return error_set(
			err, ERR_USAGE, "--clear cannot be combined with --state or --text");
	if (!req->clear && !req->state && !req->text)
		return error_set(err, ERR_USAGE, "give --state, --text or --clear");
	if (req->state && !is_state(req->state))
		return error_set(err, ERR_USAGE,
			"--state: '%s' is not one of working, waiting, blocked and done",
			req->state);
	if (!req->text)
		return 0;
	if (!*req->text || strpbrk(req->text, "\r\n") ||
		!text_is_utf8(req->text, strlen(req->text)))
		return error_set(err, ERR_USAGE, "--text expects one line of UTF-8");
	if (strlen(req->text) > TEXT_MAX)
		return error_set(err, ERR_USAGE, "--text is longer than %d bytes", TEXT_MAX);
	return 0;
}

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* A text alone keeps the state; a new state begins without a text. */
int session_note(struct repo *repo, struct session *s, const struct note_request *req,
	bool *changed_out, struct error *err)
{
	const char *now = req->clear ? NULL
		: req->state         ? req->state
		: s->note_state      ? s->note_state
				     : "working";
	struct buf clean = BUF_INIT;
	struct jsonw *w;
	struct emit e;
	int r = note_check(req, err);

	INVARIANT(repo->backend);
	if (r < 0)
		return r;
	emit_init(&e);
	if (req->text)
		text_add_scrubbed(&clean, req->text, strlen(req->text));
	r = buf_check(&clean, err);
	*changed_out = !same(now, s->note_state) || !same(clean.data, s->note_text);
	if (r < 0 || !*changed_out)
		goto out;
	w = emit_begin(&e, EVENT_SESSION_NOTED, session_told_id(s));
	/* Beside the owner's note, as somebody else's. */
	if (s->owner[0] && !session_is_local(repo, s))
		e.draft.owner = s->owner;
	jsonw_kstring_opt(w, "state", now);
	if (clean.len)
		jsonw_kstring(w, "text", clean.data);
	r = emit_end(&e, err);
	if (r == 0)
		r = emit_append(&e, repo, err);
	if (r == 0)
		r = repo_reread_session(repo, s, err);
out:
	emit_release(&e);
	buf_release(&clean);
	return r;
}
