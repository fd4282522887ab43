/*
 * fault-driver - what tests/fault/ runs under strace, fiu-run and kill, and looks at what is left.
 *
 *	create JOURNAL
 *	append JOURNAL LIFE N		prints "ACK LIFE I SEQ" for each; ends at the first failure
 *	check [-d] JOURNAL [ACKS...]	0: all of it is there, and the next append works; -d: the
 *					journal was damaged before
 *	covers JOURNAL ACKS...		the same, but more may be there than was acknowledged
 *	writers JOURNAL N EACH KILLS SEED
 *	hold JOURNAL FILE		holds the lock until it is killed; FILE names who does
 *	leak JOURNAL FILE		the same, but who took it ends and a child of it stays
 *	store FILE FROM N		N commits to a JSON store, "ACK 0 I SEQ" for each
 *	check-store FILE FROM [ACKS...]
 *
 * It is never built with a sanitizer: those bring system calls of their own, and do not get on
 * with strace and with preloaded libraries.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "core/fs.h"
#include "fault/driver.h"
#include "fault/oracle.h"
#include "log/verify.h"

/* Who is alone waits for nobody but itself: libfiu's failed close() leaves the lock held. */
#define ALONE_MS 20

int driver_live(const char *dir, size_t life, size_t n, told_fn *told, void *arg, struct error *err)
{
	struct buf body = BUF_INIT;
	struct journal *j = NULL;
	int r = journal_open(&j, dir, err);

	for (size_t i = 0; r == 0 && (!n || i < n); i++) {
		struct journal_entry entry;
		struct head head;

		r = oracle_body(&body, life, i, err);
		if (r < 0)
			break;
		entry = (struct journal_entry){ body.data, body.len };
		r = journal_append(j, &entry, 1, n ? ALONE_MS : -1, &head, err);
		if (r == 0)
			r = told(arg, life, i, head.seq, err);
	}
	buf_release(&body);
	journal_close(j);
	return r;
}

static int tell(void *arg, size_t life, size_t i, uint64_t seq, struct error *err)
{
	char line[96];
	int n = snprintf(line, sizeof(line), "ACK %zu %zu %" PRIu64 "\n", life, i, seq);

	(void)arg;
	return fs_write_all(STDOUT_FILENO, line, (size_t)n, err);
}

static void print_finding(void *arg, const struct verify_finding *f)
{
	size_t *n = arg;

	(*n)++;
	(void)fprintf(stderr, "%s:%" PRIu64 ": byte %" PRIu64 ": %s\n", f->file, f->line, f->offset,
		f->what);
}

static int read_all(struct journal *j, uint64_t last, struct error *err)
{
	struct journal_reader *reader = NULL;
	const struct record *rec = NULL;
	uint64_t n = 0;
	int r = journal_reader_open(&reader, j, NULL, 0, NULL, err);

	while (r == 0) {
		r = journal_reader_next(reader, &rec, err);
		if (r < 0 || !rec)
			break;
		n++;
	}
	journal_reader_close(reader);
	if (r == 0 && n != last)
		r = error_set(err, ERR_CORRUPT, "%" PRIu64 " of %" PRIu64 " records can be read", n,
			last);
	return r;
}

int driver_goes_on(struct journal *j, bool damaged, struct error *err)
{
	static const char body[] = "{\"next\":1}";
	const struct journal_entry entry = { body, sizeof(body) - 1 };
	struct verify_result result;
	struct head head;
	size_t findings = 0;
	const struct verify_options options = { .found = print_finding, .arg = &findings };
	int r = journal_append(j, &entry, 1, 10000, &head, err);

	if (r < 0)
		return error_wrap(err, "the next append failed");
	r = journal_verify(j, &options, &result, err);
	if (r == 0 && damaged && !result.damaged)
		r = error_set(err, ERR_CORRUPT, "the damage was not found");
	if (r == 0 && !damaged && findings)
		r = error_set(err, ERR_CORRUPT, "the journal does not verify");
	if (r == 0 && result.torn)
		r = error_set(err, ERR_CORRUPT, "a torn end is left");
	if (r == 0 && !damaged)
		r = read_all(j, head.seq, err);
	return r;
}

static int check(const char *dir, bool damaged, bool more, char *const *acks, struct error *err)
{
	struct oracle oracle = { .more = more };
	struct journal *j = NULL;
	int r = 0;

	for (; r == 0 && *acks; acks++)
		r = oracle_read(&oracle, *acks, err);
	if (r == 0)
		r = journal_open(&j, dir, err);
	if (r == 0)
		r = oracle_check(&oracle, j, damaged, err);
	if (r == 0)
		r = driver_goes_on(j, damaged, err);
	if (r == 0)
		r = oracle_check(&oracle, j, damaged, err);
	journal_close(j);
	oracle_release(&oracle);
	return r;
}

/* Returns when the lock is another process's business. */
static int hold(const char *dir, const char *file, bool leak, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	pid_t child = -1;
	int lock, r;

	fs_join(&path, dir, "lock");
	r = buf_check(&path, err);
	if (r == 0)
		r = fs_lock(path.data, 0, &lock, err);
	if (r == 0 && leak) {
		child = fork();
		if (child < 0)
			r = error_errno(err, "cannot fork");
	}
	if (r == 0 && child <= 0) {
		buf_addf(&text, "%ld\n", (long)getpid());
		r = fs_replace(file, text.data, text.len, 0600, false, err);
		while (r == 0)
			pause();
	}
	buf_release(&path);
	buf_release(&text);
	return r;
}

static unsigned long number(const char *text)
{
	return strtoul(text, NULL, 10);
}

static int run(int argc, char **argv, struct error *err)
{
	const char *what = argc > 2 ? argv[1] : "";

	if (strcmp(what, "create") == 0)
		return journal_create(argv[2], err);
	if (strcmp(what, "append") == 0 && argc == 5)
		return driver_live(argv[2], number(argv[3]), number(argv[4]), tell, NULL, err);
	if (strcmp(what, "check") == 0 && strcmp(argv[2], "-d") == 0 && argc > 3)
		return check(argv[3], true, false, argv + 4, err);
	if (strcmp(what, "check") == 0)
		return check(argv[2], false, false, argv + 3, err);
	if (strcmp(what, "covers") == 0)
		return check(argv[2], false, true, argv + 3, err);
	if (strcmp(what, "writers") == 0 && argc == 7) {
		const struct writers w = { .dir = argv[2],
			.n = (unsigned)number(argv[3]),
			.each = (unsigned)number(argv[4]),
			.kills = (unsigned)number(argv[5]),
			.seed = number(argv[6]) };

		return driver_writers(&w, err);
	}
	if (strcmp(what, "hold") == 0 && argc == 4)
		return hold(argv[2], argv[3], false, err);
	if (strcmp(what, "leak") == 0 && argc == 4)
		return hold(argv[2], argv[3], true, err);
	if (strcmp(what, "store") == 0 && argc == 5)
		return driver_store(
			argv[2], (unsigned)number(argv[3]), (unsigned)number(argv[4]), tell, err);
	if (strcmp(what, "check-store") == 0 && argc > 3)
		return driver_check_store(argv[2], (unsigned)number(argv[3]), argv + 4, err);
	return error_set(err, ERR_USAGE, "see the first comment of tests/fault/driver.c");
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;

	signal(SIGXFSZ, SIG_IGN);
	if (run(argc, argv, &err) == 0 && fflush(stdout) == 0)
		return 0;
	(void)fprintf(stderr, "fault-driver: %s\n", err.msg);
	return error_exit_status(err.code);
}
