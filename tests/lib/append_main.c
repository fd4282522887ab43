/*
 * append DIRECTORY			append each line of standard input to the journal there
 * append DIRECTORY SEED N FILE		append N events that forge.h makes of the seed
 *
 * Without looking at what they say: what somebody writes who does not use minsky. FILE has what the
 * forger knows, a line each: "session UUID", "origin HEX", "oid HEX", "id HEX", "branch NAME",
 * "name NAME", "path PATH", "pr UUID".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "lib/forge.h"
#include "log/journal.h"

#define KNOWN_MAX 256

static const char *const kinds[] = { "session ", "origin ", "oid ", "id ", "branch ", "name ",
	"path ", "pr " };
static const char *known[8][KNOWN_MAX + 1];

static int failed(const char *what, const struct error *err)
{
	(void)fprintf(stderr, "append: %s: %s\n", what, err->msg);
	return 1;
}

static void learn(const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0, n[8] = { 0 };
	ssize_t len;

	while (f && (len = getline(&line, &cap, f)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		for (size_t i = 0; i < 8; i++)
			if (!strncmp(line, kinds[i], strlen(kinds[i])) && n[i] < KNOWN_MAX)
				known[i][n[i]++] = strdup(line + strlen(kinds[i]));
	}
	free(line);
	if (f)
		(void)fclose(f);
}

static int append(struct journal *j, const char *text, size_t len)
{
	const struct journal_entry entry = { text, len };
	struct error err = ERROR_INIT;

	return journal_append(j, &entry, 1, 10000, NULL, &err) < 0 ? failed(text, &err) : 0;
}

static int forge(struct journal *j, const char *const *args)
{
	const struct forge_world world = { .sessions = known[0],
		.origins = known[1],
		.oids = known[2],
		.ids = known[3],
		.branches = known[4],
		.names = known[5],
		.paths = known[6],
		.prs = known[7] };
	struct forge f = { .state = strtoull(args[0], NULL, 10), .world = &world };
	int r = 0;

	learn(args[2]);
	for (unsigned long i = strtoul(args[1], NULL, 10); i && !r; i--) {
		struct buf body = BUF_INIT;

		forge_body(&f, &body, clock_now_ms(), NULL);
		r = append(j, body.data, body.len);
		buf_release(&body);
	}
	return r;
}

int main(int argc, const char **argv)
{
	struct error err = ERROR_INIT;
	struct journal *j;
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	int r = 0;

	if (argc < 2)
		return 2;
	if (journal_open(&j, argv[1], &err) < 0)
		return failed(argv[1], &err);
	if (argc == 5)
		r = forge(j, argv + 2);
	while (argc == 2 && !r && (len = getline(&line, &cap, stdin)) > 0)
		r = append(j, line, line[len - 1] == '\n' ? (size_t)len - 1 : (size_t)len);
	free(line);
	journal_close(j);
	return r;
}
