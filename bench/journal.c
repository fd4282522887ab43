/*
 * bench-journal - what bench/journal measures.
 *
 *	create JOURNAL
 *	rate JOURNAL FILE WRITERS N	appends by so many processes and, taking turns with them,
 *					bare write + fdatasync of as many bytes by one; prints
 *					writers, appends/s, writes/s, ratio, worst wait of each
 *					in ms
 *	verify JOURNAL
 *	fold JOURNAL STORE		replays it into a new JSON store
 *	parse FILE...			cJSON alone, line by line
 */
#include <cjson/cJSON.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "backends/registry.h"
#include "core/fs.h"
#include "log/projector.h"
#include "log/verify.h"

#define ROUNDS 8
#define WAIT_MS 30000 /* as commands wait for the lock */
#define BODY_SIZE 300
#define LINE_SIZE 560

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void be_slower(double *worst, double start)
{
	double ms = now_ms() - start;

	if (ms > *worst)
		*worst = ms;
}

static int append_some(const char *dir, unsigned n, double *worst, struct error *err)
{
	struct journal_entry entry;
	struct journal *j = NULL;
	char body[BODY_SIZE + 1];
	int r = journal_open(&j, dir, err);

	entry = (struct journal_entry){ body, BODY_SIZE };
	(void)snprintf(body, sizeof(body), "{\"pad\":\"%0*d\"}", BODY_SIZE - 10, 0);
	for (unsigned i = 0; r == 0 && i < n; i++) {
		double start = now_ms();

		r = journal_append(j, &entry, 1, WAIT_MS, NULL, err);
		be_slower(worst, start);
	}
	journal_close(j);
	return r;
}

/* Each writer is a process and tells of its worst wait. */
static int append_all(
	const char *dir, unsigned writers, unsigned n, double *worst, struct error *err)
{
	int fds[2];

	if (pipe(fds) < 0)
		return error_errno(err, "cannot create a pipe");
	for (unsigned w = 0; w < writers; w++) {
		double mine = 0;
		pid_t pid = fork();

		if (pid < 0)
			return error_errno(err, "cannot fork");
		if (pid)
			continue;
		if (append_some(dir, n / writers, &mine, err) < 0 ||
			write(fds[1], &mine, sizeof(mine)) != (ssize_t)sizeof(mine))
			_exit(1);
		_exit(0);
	}
	(void)close(fds[1]);
	for (unsigned w = 0; w < writers; w++) {
		double mine;

		if (read(fds[0], &mine, sizeof(mine)) != (ssize_t)sizeof(mine))
			return error_set(err, ERR_IO, "a writer failed");
		if (mine > *worst)
			*worst = mine;
	}
	(void)close(fds[0]);
	while (wait(NULL) > 0)
		;
	return 0;
}

static int write_some(const char *path, unsigned n, double *worst, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	char line[LINE_SIZE];

	if (fd < 0)
		return error_errno(err, "cannot open '%s'", path);
	memset(line, 'x', sizeof(line));
	for (unsigned i = 0; i < n; i++) {
		double start = now_ms();

		if (write(fd, line, sizeof(line)) != (ssize_t)sizeof(line) || fdatasync(fd) < 0)
			return error_errno(err, "cannot write '%s'", path);
		be_slower(worst, start);
	}
	return close(fd) < 0 ? error_errno(err, "cannot close '%s'", path) : 0;
}

static int rate(const char *dir, const char *path, unsigned writers, unsigned n, struct error *err)
{
	double appends = 0, writes = 0, worst_append = 0, worst_write = 0;
	unsigned each = n / ROUNDS / writers * writers;
	int r = 0;

	for (int i = 0; r == 0 && i < ROUNDS; i++) {
		double start = now_ms(), middle;

		r = append_all(dir, writers, each, &worst_append, err);
		middle = now_ms();
		if (r == 0)
			r = write_some(path, each, &worst_write, err);
		appends += middle - start;
		writes += now_ms() - middle;
	}
	if (r == 0)
		printf("%u\t%.0f\t%.0f\t%.2f\t%.1f\t%.1f\n", writers, ROUNDS * each / appends * 1e3,
			ROUNDS * each / writes * 1e3, writes / appends, worst_append, worst_write);
	return r;
}

static int verify(const char *dir, struct error *err)
{
	const struct verify_options options = { .found = NULL };
	struct verify_result result = { .damaged = 0 };
	struct journal *j = NULL;
	int r = journal_open(&j, dir, err);

	if (r == 0)
		r = journal_verify(j, &options, &result, err);
	if (r == 0 && result.damaged)
		r = error_set(err, ERR_CORRUPT, "it does not verify");
	journal_close(j);
	return r;
}

static int fold(const char *dir, const char *store, struct error *err)
{
	const char *settings[] = { "sessiondb.backend=json", NULL, NULL };
	const struct config_sources sources = { .user_file = "/nonexistent/config.yaml",
		.settings = settings };
	struct projector_result result = { .events = 0 };
	struct buf place = BUF_INIT;
	struct config *config = NULL;
	struct journal *j = NULL;
	struct backend *b = NULL;
	int r;

	(void)unlink(store);
	buf_addf(&place, "sessiondb.json.path=%s", store);
	settings[1] = place.data;
	r = config_load(&config, &sources, err);
	if (r == 0)
		r = registry_open(&b, config, err);
	if (r == 0)
		r = journal_open(&j, dir, err);
	if (r == 0)
		r = projector_run(j, b, "00112233445566778899aabbccddeeff", &result, err);
	if (r == 0)
		printf("%llu events, %llu rows written\n", (unsigned long long)result.events,
			(unsigned long long)result.sessions);
	journal_close(j);
	registry_close_all();
	config_free(config);
	buf_release(&place);
	return r;
}

static int parse(const char *path, struct error *err)
{
	FILE *f = fopen(path, "re");
	size_t cap = 0, n = 0;
	char *line = NULL;

	if (!f)
		return error_errno(err, "cannot open '%s'", path);
	while (getline(&line, &cap, f) > 0) {
		cJSON *json = cJSON_Parse(line);

		n += json != NULL;
		cJSON_Delete(json);
	}
	free(line);
	(void)fclose(f);
	printf("%zu lines\n", n);
	return 0;
}

static unsigned number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

static int run(int argc, char **argv, struct error *err)
{
	const char *what = argc > 2 ? argv[1] : "";
	int r = 0;

	if (strcmp(what, "create") == 0)
		return journal_create(argv[2], err);
	if (strcmp(what, "rate") == 0 && argc == 6 && number(argv[4]))
		return rate(argv[2], argv[3], number(argv[4]), number(argv[5]), err);
	if (strcmp(what, "verify") == 0)
		return verify(argv[2], err);
	if (strcmp(what, "fold") == 0 && argc == 4)
		return fold(argv[2], argv[3], err);
	if (strcmp(what, "parse") != 0)
		return error_set(err, ERR_USAGE, "see the first comment of bench/journal.c");
	for (int i = 2; r == 0 && i < argc; i++)
		r = parse(argv[i], err);
	return r;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;

	if (run(argc, argv, &err) == 0)
		return 0;
	fprintf(stderr, "bench-journal: %s\n", err.msg);
	return 1;
}
