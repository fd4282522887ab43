/*
 * bench-store - what bench/stores measures: how fast rows get into a backend, through its own door.
 *
 *	rows N SETTING...		N sessions, each put once, in batches as a replay makes them
 *	replay JOURNAL SETTING...	a whole journal
 *
 * Prints: seconds, rows put, peak of memory in KiB.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "backends/registry.h"
#include "core/clock.h"
#include "log/projector.h"

#define REPO "00112233445566778899aabbccddeeff"
#define ORIGIN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BATCH 32000
#define SETTINGS_MAX 16

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int make_session(struct session *out, unsigned long i, struct error *err)
{
	struct buf text = BUF_INIT;
	int r;

	buf_addf(&text,
		"{\"sessionId\":\"0193597a-0000-7000-8000-%012lx\",\"session\":\"task-%lu\","
		"\"repoId\":\"" REPO "\",\"repoName\":\"o/r\",\"repoUrl\":"
		"\"git@example.org:o/r.git\",\"createdAt\":\"2026-01-01T00:00:00.001Z\","
		"\"lastActivityAt\":\"2026-01-02T00:00:00.000Z\",\"branch\":\"task-%lu\","
		"\"baseBranch\":\"main\",\"taskId\":\"%lu\",\"mode\":\"clone\",\"status\":"
		"\"active\",\"workspace\":\"/home/ana/.local/state/minsky/sessions/o-r/task-%lu\","
		"\"head\":\"%040lx\",\"commitCount\":7,\"backendType\":\"remote\"}",
		i, i, i, i, i, i);
	r = buf_check(&text, err);
	if (r == 0)
		r = session_from_json(out, text.data, text.len, err);
	buf_release(&text);
	if (r < 0)
		return r;
	out->last_key.hlc = 0x0193597a00000000u + i;
	out->last_key.seq = i + 1;
	memcpy(out->last_key.origin, ORIGIN, ID_HEX_SIZE);
	out->n_events = 9;
	return 0;
}

static int put_batch(
	struct backend *b, unsigned long from, unsigned long to, double *spent, struct error *err)
{
	struct heads heads = HEADS_INIT;
	double start = seconds();
	int r = heads_set(&heads, ORIGIN, to, HASH_ZERO, err);

	if (r == 0)
		r = b->ops->begin(b, REPO, err);
	*spent += seconds() - start;
	for (unsigned long i = from; r == 0 && i < to; i++) {
		struct session s = { .name = NULL };

		/* What makes the row is not the store's time. */
		r = make_session(&s, i, err);
		start = seconds();
		if (r == 0)
			r = b->ops->put(b, &s, err);
		*spent += seconds() - start;
		session_release(&s);
	}
	start = seconds();
	if (r == 0)
		r = b->ops->commit(b, &heads, err);
	*spent += seconds() - start;
	heads_release(&heads);
	return r;
}

static int put_rows(struct backend *b, unsigned long n, double *spent, struct error *err)
{
	int r = 0;

	for (unsigned long at = 0; r == 0 && at < n; at += BATCH)
		r = put_batch(b, at, at + BATCH < n ? at + BATCH : n, spent, err);
	return r;
}

static int replay(
	struct backend *b, const char *dir, double *spent, unsigned long *rows, struct error *err)
{
	struct projector_result result = { .events = 0 };
	struct journal *j = NULL;
	double start = seconds();
	int r = journal_open(&j, dir, err);

	if (r == 0)
		r = projector_run(j, b, REPO, &result, err);
	journal_close(j);
	*spent = seconds() - start;
	*rows = (unsigned long)result.sessions;
	return r;
}

int main(int argc, char **argv)
{
	const char *settings[SETTINGS_MAX + 1] = { NULL };
	const struct config_sources sources = { .user_file = "/nonexistent/config.yaml",
		.settings = settings };
	struct error err = ERROR_INIT;
	struct config *config = NULL;
	struct backend *b = NULL;
	struct rusage usage;
	unsigned long rows = 0;
	double spent = 0;
	int r;

	if (argc < 4 || argc - 3 > SETTINGS_MAX)
		return 2;
	for (int i = 3; i < argc; i++)
		settings[i - 3] = argv[i];
	r = config_load(&config, &sources, &err);
	if (r == 0)
		r = registry_open(&b, config, &err);
	if (r == 0 && strcmp(argv[1], "rows") == 0) {
		rows = strtoul(argv[2], NULL, 10);
		r = put_rows(b, rows, &spent, &err);
	} else if (r == 0) {
		r = replay(b, argv[2], &spent, &rows, &err);
	}
	registry_close_all();
	config_free(config);
	if (r < 0) {
		(void)fprintf(stderr, "bench-store: %s\n", err.msg);
		return 1;
	}
	(void)getrusage(RUSAGE_SELF, &usage);
	(void)printf("%.3f %lu %ld\n", spent, rows, usage.ru_maxrss);
	return 0;
}
