#include "repo/seal.h"

#include <inttypes.h>

#include "core/clock.h"
#include "git/refs.h"
#include "git/tag.h"

#define NAMES_MAX 1000

static int main_dir(const struct repo *repo, struct buf *dir, struct error *err)
{
	return repo_main_dir(repo, NULL, dir, err);
}

static int write_text(struct repo *repo, struct buf *text, struct error *err)
{
	struct heads heads = HEADS_INIT;
	struct head own;
	int r = journal_head(repo->journal, &own, err);

	if (r == 0)
		r = journal_heads(repo->journal, &heads, err);
	buf_addf(text, "minsky seal 1\n%s\n", repo->file.id);
	for (size_t i = 0; r == 0 && i < heads.n; i++) {
		const struct head *h = &heads.v[i];
		uint64_t lost = 0;

		r = journal_lost(repo->journal, h->origin, h->seq, &lost, err);
		buf_addf(text, "\n%s\n%" PRIu64 "\n%s\n", h->origin, h->seq, h->hash);
		if (lost)
			buf_addf(text, "lost %" PRIu64 "\n", lost);
	}
	if (r == 0 && !heads.n)
		r = error_set(err, ERR_NOTFOUND, "the journal has no records yet");
	heads_release(&heads);
	return r == 0 ? buf_check(text, err) : r;
}

/* minsky/seal/<date and time>-<n>, the first that is free. */
static int new_name(const char *dir, struct buf *name, struct error *err)
{
	char now[CLOCK_TEXT_SIZE];

	clock_format(clock_now_ms(), now);
	for (unsigned n = 1; n <= NAMES_MAX; n++) {
		struct buf ref = BUF_INIT;
		bool taken = true;
		int r;

		buf_clear(name);
		buf_addf(name, "minsky/seal/%.4s%.2s%.2sT%.2s%.2s%.2sZ-%u", now, now + 5, now + 8,
			now + 11, now + 14, now + 17, n);
		buf_addf(&ref, "refs/tags/%s", name->data);
		r = ref.failed || name->failed ? error_nomem(err)
					       : git_ref_exists(dir, ref.data, &taken, err);
		buf_release(&ref);
		if (r < 0 || !taken)
			return r;
	}
	return error_refuse(err, "busy-second", "too many seals were made in this second");
}

static int refuse_taken(const char *dir, const char *ref, struct error *err)
{
	bool taken;
	int r = git_ref_exists(dir, ref, &taken, err);

	if (r == 0 && taken) {
		r = error_refuse(err, "already-exists", "'%s' already exists", ref);
		error_hint(err, "choose another name; a seal is never replaced");
	}
	return r;
}

int seal_make(struct repo *repo, const char *tag, const char *ref, bool sign, struct buf *ref_out,
	struct error *err)
{
	struct buf dir = BUF_INIT, text = BUF_INIT, name = BUF_INIT;
	int r = main_dir(repo, &dir, err);

	buf_clear(ref_out);
	if (r == 0)
		r = write_text(repo, &text, err);
	if (r == 0 && tag)
		buf_adds(&name, tag);
	else if (r == 0)
		r = new_name(dir.data, &name, err);
	if (ref)
		buf_adds(ref_out, ref);
	else
		buf_addf(ref_out, "refs/tags/%s", name.data);
	if (r == 0)
		r = name.failed ? error_nomem(err) : buf_check(ref_out, err);
	if (r == 0)
		r = refuse_taken(dir.data, ref_out->data, err);
	if (r == 0)
		r = git_tag_make(dir.data, name.data, &text, sign, err);
	if (r == 0 && ref)
		r = git_tag_move(dir.data, name.data, ref, err);
	buf_release(&dir);
	buf_release(&text);
	buf_release(&name);
	return r;
}

struct checking {
	struct repo *repo;
	const char *ref;
	struct verify_result *result;
	verify_fn *found;
	void *arg;
};

static void report(const struct checking *k, bool damage, const char *what, const char *advice)
{
	struct verify_finding finding = {
		.file = k->ref, .damage = damage, .what = what, .advice = advice
	};

	k->result->damaged += damage;
	k->found(k->arg, &finding);
}

static int check_head(
	const struct checking *k, const struct head *h, uint64_t sealed_lost, struct error *err)
{
	static const char advice[] =
		"find out who could write to the journal; to restore it from a copy of the time of "
		"the seal: minsky journal repair --from DIRECTORY";
	struct journal_reader *reader = NULL;
	uint64_t lost = 0;
	char what[160];
	int r;

	r = journal_reader_open(&reader, k->repo->journal, h->origin, h->seq, h->hash, err);
	journal_reader_close(reader);
	if (r == ERR_NOTFOUND || r == ERR_CORRUPT) {
		error_clear(err);
		(void)snprintf(what, sizeof(what),
			"the seal is about record %" PRIu64
			" of origin %.8s, which is missing or another one",
			h->seq, h->origin);
		report(k, true, what, advice);
		return 0;
	}
	if (r == 0)
		r = journal_lost(k->repo->journal, h->origin, h->seq, &lost, err);
	if (r == 0 && lost > sealed_lost) {
		(void)snprintf(what, sizeof(what),
			"%" PRIu64 " records of origin %.8s that the seal covers are lost",
			lost - sealed_lost, h->origin);
		report(k, true, what, advice);
	}
	return r;
}

/* The line at *at, NUL-terminated in place; NULL at the end. */
static char *take_line(char **at)
{
	char *line = *at, *nl = strchr(line, '\n');

	if (!nl)
		return NULL;
	*nl = '\0';
	*at = nl + 1;
	return line;
}

static bool take_seq(const char *text, uint64_t *out)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	*out = strtoull(text, &end, 10);
	return !*end;
}

static int no_seal(const struct checking *k, struct error *err)
{
	return error_set(err, ERR_USAGE, "'%s' is not a seal of this repository's journal", k->ref);
}

static int check_groups(const struct checking *k, char *at, struct error *err)
{
	const char *line = take_line(&at);
	size_t n = 0;

	while (line && !*line) {
		const char *origin = take_line(&at), *seq = take_line(&at), *hash = take_line(&at);
		struct head h = { .seq = 0 };
		uint64_t lost = 0;
		int r;

		if (!origin || !id_is_hex(origin, ID_HEX_SIZE - 1) || !take_seq(seq, &h.seq) ||
			!hash || !id_is_hex(hash, HASH_HEX_SIZE - 1))
			break;
		memcpy(h.origin, origin, sizeof(h.origin));
		memcpy(h.hash, hash, sizeof(h.hash));
		line = take_line(&at);
		if (line && strncmp(line, "lost ", 5) == 0) {
			if (!take_seq(line + 5, &lost))
				break;
			line = take_line(&at);
		}
		r = check_head(k, &h, lost, err);
		if (r < 0)
			return r;
		n++;
	}
	return n ? 0 : no_seal(k, err);
}

static int check_signature(
	const struct checking *k, const char *dir, const char *oid, struct error *err)
{
	bool good = false;
	int r = git_tag_verify(dir, oid, &good, err);

	if (r == 0 && !good)
		report(k, true, "the signature of the seal is not valid",
			"the key is unknown, or the seal is forged; 'git verify-tag' shows "
			"details");
	return r;
}

static int check_tag(
	const struct checking *k, const char *dir, char *tag, const char *oid, struct error *err)
{
	static const char first[] = "minsky seal 1";
	char *at = strstr(tag, "\n\n");
	const char *line, *repo_id;
	int r = 0;

	if (!at)
		return no_seal(k, err);
	at += 2;
	if (strstr(at, "\n-----BEGIN ")) {
		r = check_signature(k, dir, oid, err);
	}
	line = take_line(&at);
	repo_id = take_line(&at);
	if (!line || strcmp(line, first) != 0 || !repo_id || strcmp(repo_id, k->repo->file.id) != 0)
		return no_seal(k, err);
	return r == 0 ? check_groups(k, at, err) : r;
}

int seal_check(struct repo *repo, const char *ref, struct verify_result *result, verify_fn *found,
	void *arg, struct error *err)
{
	const struct checking k = {
		.repo = repo, .ref = ref, .result = result, .found = found, .arg = arg
	};
	struct buf dir = BUF_INIT, oid = BUF_INIT, tag = BUF_INIT;
	int r = main_dir(repo, &dir, err);

	if (r == 0)
		r = git_tag_read(dir.data, ref, &oid, &tag, err);
	if (r == ERR_NOTFOUND) {
		error_set(err, ERR_NOTFOUND, "there is no seal '%s'", ref);
		error_hint(err, "to list seals: git tag -l \"minsky/seal/*\"");
	}
	if (r == 0)
		r = check_tag(&k, dir.data, tag.data, oid.data, err);
	buf_release(&dir);
	buf_release(&oid);
	buf_release(&tag);
	return r;
}
