#include "lib/generate.h"

#include <inttypes.h>

#include "core/clock.h"
#include "core/id.h"

uint64_t generate_number(struct generator *g, uint64_t n)
{
	g->rng ^= g->rng << 13;
	g->rng ^= g->rng >> 7;
	g->rng ^= g->rng << 17;
	return (g->rng * UINT64_C(0x2545f4914f6cdd1d) >> 33) % n;
}

static unsigned number(struct generator *g, unsigned n)
{
	return (unsigned)generate_number(g, n);
}

static void session_id(char out[ID_UUID_SIZE], unsigned n)
{
	(void)snprintf(out, ID_UUID_SIZE, "0193597a-0000-7000-8000-%012x", n);
}

static void oid(char out[41], uint64_t n)
{
	(void)snprintf(out, 41, "%08" PRIx64 "%032" PRIx64, n & 0xffffffff, n);
}

static void begin(struct generator *g, struct buf *out, const char *type, unsigned session,
	int64_t at_ms, const char *via)
{
	char at[CLOCK_TEXT_SIZE], id[ID_UUID_SIZE];

	clock_format(at_ms, at);
	session_id(id, session);
	buf_addf(out,
		"{\"type\":\"%s\",\"session\":\"%s\",\"at\":\"%s\",\"v\":1,\"actor\":{\"user\":"
		"\"ana\",\"host\":\"mira%u\"},\"via\":\"%s\"",
		type, id, at, number(g, 5), via);
}

static void start(struct generator *g, struct buf *out, unsigned session, int64_t at_ms)
{
	char base[41];

	begin(g, out, "session.started", session, at_ms, "cli");
	oid(base, session);
	buf_addf(out,
		",\"data\":{\"name\":\"task-%u\",\"repo\":\"%032x\",\"repoName\":\"ana/app\","
		"\"repoUrl\":\"https://example.invalid/ana/app\",\"branch\":\"task-%u\","
		"\"baseBranch\":\"main\",\"base\":\"%s\",\"taskId\":\"%u\",\"workspace\":"
		"\"/home/ana/.local/state/minsky/sessions/app/task-%u\",\"backendType\":\"github\","
		"\"github\":{\"owner\":\"ana\",\"repo\":\"app\"},\"mode\":\"clone\",\"clone\":"
		"\"%032x\",\"mainClone\":\"%032x\",\"head\":\"%s\"}}",
		session, 1, session, base, session % 997, session, session + 7, 7, base);
}

static void commit(struct generator *g, struct buf *out, unsigned session, int64_t at_ms)
{
	char before[41], after[41];

	oid(before, g->events);
	oid(after, g->events + 1);
	begin(g, out, "commit.created", session, at_ms, "hook");
	buf_addf(out,
		",\"src\":{\"clone\":\"%032x\",\"ref\":\"refs/heads/task-%u\",\"old\":\"%s\","
		"\"new\":\"%s\",\"n\":%lu},\"data\":{\"oid\":\"%s\",\"branch\":\"task-%u\","
		"\"subject\":\"change number %lu\",\"how\":\"commit\"}}",
		session + 7, session, before, after, g->events, after, session, g->events);
}

static void pull_request(struct generator *g, struct buf *out, unsigned session, int64_t at_ms)
{
	static const char *const types[] = { "pr.created", "pr.updated", "pr.approved", "pr.merged",
		"pr.closed", "pr.reopened", "pr.checked", "pr.branch_deleted" };
	char head[41], id[ID_UUID_SIZE];

	oid(head, g->events);
	session_id(id, 0x10000000 + session * 4 + number(g, 2));
	begin(g, out, types[number(g, sizeof(types) / sizeof(*types))], session, at_ms, "cli");
	buf_addf(out,
		",\"data\":{\"pr\":\"%s\",\"branchName\":\"pr/task-%u\",\"base\":\"main\",\"head\":"
		"\"%s\",\"title\":\"Change %u\",\"how\":\"squash\",\"commit\":\"%s\",\"seen\":{"
		"\"workspace\":\"%s\",\"mainOrigin\":\"%s\"}}}",
		id, session, head, number(g, 100), head, head, head);
}

static void other(struct generator *g, struct buf *out, unsigned session, int64_t at_ms)
{
	switch (number(g, 10)) {
	case 0:
		begin(g, out, "session.renamed", session, at_ms, "cli");
		buf_addf(out, ",\"data\":{\"name\":\"renamed-%u\"}}", number(g, 1000));
		break;
	case 1:
	case 2:
	case 3:
		begin(g, out, "session.updated", session, at_ms, "import");
		buf_addf(out,
			",\"data\":{\"set\":{\"u%u\":{ \"deep\" : [%u.50, null, \"\\u00e4\"]},"
			"\"description\":\"d%u\"}}}",
			number(g, 4), number(g, 9), number(g, 9));
		break;
	case 4:
		begin(g, out, number(g, 2) ? "session.deleted" : "session.restored", session, at_ms,
			"cli");
		buf_adds(out, ",\"data\":{}}");
		break;
	case 5:
		begin(g, out, "session.teleported", session, at_ms, "cli");
		buf_adds(out, ",\"data\":{\"to\":\"elsewhere\"}}");
		break;
	default:
		begin(g, out, "session.noted", session, at_ms, "cli");
		buf_addf(out, ",\"data\":{\"state\":\"working\",\"text\":\"step %u: größer 😀\"}}",
			number(g, 100));
	}
}

void generate_body(struct generator *g, struct buf *out, int64_t at_ms)
{
	unsigned session, kind = number(g, 10);

	g->events++;
	if (g->one_each) {
		start(g, out, g->started++, at_ms);
		return;
	}
	/* Also about sessions that have not been started, as far as anybody has heard. */
	session = number(g, g->sessions);
	if (g->started < g->sessions && kind < 2)
		start(g, out, g->started++, at_ms);
	else if (kind < 6)
		commit(g, out, session, at_ms);
	else if (kind < 8)
		pull_request(g, out, session, at_ms);
	else
		other(g, out, session, at_ms);
}
