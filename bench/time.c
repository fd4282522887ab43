/*
 * bench-time -n RUNS -w WARMUPS CASE... - times commands side by side.
 *
 *	CASE = LABEL [PREPARE... //] COMMAND... [++ COMMAND...] --
 *
 * The cases take turns, in another order each time, so that whatever disturbs the machine disturbs
 * all of them and none always follows the heaviest. What stands before // is run first and not
 * timed; commands joined by ++ are timed as one. "{}" inside an argument becomes the number of the
 * run. No shell is involved. stdout and stderr of the commands go to /dev/null; one that fails ends
 * it all. For each case one line: label, median ms, 95th percentile ms, largest peak of resident
 * memory in KiB, median ms of processor time; separated by tabs. Processor time is what remains to
 * compare on a machine that does other things too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_CASES 16
#define MAX_ARGS 64
#define MAX_RUNS 1000
#define ARG_SIZE 4096

struct bench_case {
	const char *label;
	char **prepare;
	int n_prepare;
	char **command;
	int n_command;
	double ms[MAX_RUNS], cpu_ms[MAX_RUNS];
	long peak_kib;
};

/* What a command used, its children included. */
struct used {
	double cpu_ms;
	long peak_kib;
};

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool fill_in(char out[ARG_SIZE], const char *arg, int run)
{
	const char *mark = strstr(arg, "{}");
	int n;

	if (mark)
		n = snprintf(out, ARG_SIZE, "%.*s%d%s", (int)(mark - arg), arg, run, mark + 2);
	else
		n = snprintf(out, ARG_SIZE, "%s", arg);
	return n >= 0 && n < ARG_SIZE;
}

static void become(char **args, int n, int run)
{
	static char text[MAX_ARGS][ARG_SIZE];
	char *argv[MAX_ARGS + 1];
	int null;

	for (int i = 0; i < n; i++) {
		if (i == MAX_ARGS || !fill_in(text[i], args[i], run))
			_exit(126);
		argv[i] = text[i];
	}
	argv[n] = NULL;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		_exit(126);
	execvp(argv[0], argv);
	_exit(127);
}

static double in_ms(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

/* One command; what it used is added up, but for memory, where the largest peak counts. */
static bool run_one(char **args, int n, int run, struct used *used)
{
	struct rusage usage;
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		return false;
	if (pid == 0)
		become(args, n, run);
	while (wait4(pid, &status, 0, &usage) < 0) {
		if (errno != EINTR)
			return false;
	}
	used->cpu_ms += in_ms(usage.ru_utime) + in_ms(usage.ru_stime);
	if (usage.ru_maxrss > used->peak_kib)
		used->peak_kib = usage.ru_maxrss;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	fprintf(stderr, "bench-time: run %d, status %d:", run,
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	for (int i = 0; i < n; i++)
		fprintf(stderr, " %s", args[i]);
	fputc('\n', stderr);
	return false;
}

static bool run_all(char **args, int n, int run, struct used *used)
{
	int start = 0;

	for (int i = 0; i <= n; i++) {
		if (i < n && strcmp(args[i], "++") != 0)
			continue;
		if (i > start && !run_one(args + start, i - start, run, used))
			return false;
		start = i + 1;
	}
	return true;
}

static int parse_cases(struct bench_case *cases, char **argv)
{
	int n = 0;

	while (*argv) {
		struct bench_case *c = &cases[n];

		if (n == MAX_CASES)
			return -1;
		n++;
		c->label = *argv++;
		c->command = argv;
		for (; *argv && strcmp(*argv, "--") != 0; argv++) {
			if (strcmp(*argv, "//") != 0)
				continue;
			c->prepare = c->command;
			c->n_prepare = (int)(argv - c->command);
			c->command = argv + 1;
		}
		c->n_command = (int)(argv - c->command);
		if (c->n_command == 0 || !*argv)
			return -1;
		argv++;
	}
	return n;
}

/* The same orders in every run of this program. */
static void shuffle(int *order, int n)
{
	static uint32_t state = 1;

	for (int i = n - 1; i > 0; i--) {
		int j, swapped = order[i];

		state = state * 1664525 + 1013904223;
		j = (int)((state >> 16) % (uint32_t)(i + 1));
		order[i] = order[j];
		order[j] = swapped;
	}
}

static int measure(struct bench_case *cases, int n_cases, int runs, int warmups)
{
	struct used prepared = { .cpu_ms = 0 };
	int order[MAX_CASES];

	for (int i = 0; i < n_cases; i++)
		order[i] = i;
	for (int run = -warmups; run < runs; run++) {
		shuffle(order, n_cases);
		for (int i = 0; i < n_cases; i++) {
			struct bench_case *c = &cases[order[i]];
			int number = run + warmups;
			struct used used = { .peak_kib = c->peak_kib };
			double start;

			if (!run_all(c->prepare, c->n_prepare, number, &prepared))
				return 1;
			start = now_ms();
			if (!run_all(c->command, c->n_command, number, &used))
				return 1;
			c->peak_kib = used.peak_kib;
			if (run < 0)
				continue;
			c->ms[run] = now_ms() - start;
			c->cpu_ms[run] = used.cpu_ms;
		}
	}
	for (int i = 0; i < n_cases; i++) {
		struct bench_case *c = &cases[i];

		qsort(c->ms, (size_t)runs, sizeof(c->ms[0]), compare);
		qsort(c->cpu_ms, (size_t)runs, sizeof(c->cpu_ms[0]), compare);
		printf("%s\t%.3f\t%.3f\t%ld\t%.3f\n", c->label, c->ms[runs / 2],
			c->ms[(runs * 95 - 1) / 100], c->peak_kib, c->cpu_ms[runs / 2]);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct bench_case cases[MAX_CASES];
	int runs = 30, warmups = 3, n_cases, opt;

	while ((opt = getopt(argc, argv, "+n:w:")) != -1) {
		if (opt == 'n')
			runs = (int)strtol(optarg, NULL, 10);
		else if (opt == 'w')
			warmups = (int)strtol(optarg, NULL, 10);
		else
			return 2;
	}
	n_cases = parse_cases(cases, argv + optind);
	if (runs < 1 || runs > MAX_RUNS || warmups < 0 || n_cases < 1) {
		fputs("usage: bench-time [-n RUNS] [-w WARMUPS] LABEL COMMAND... -- ...\n", stderr);
		return 2;
	}
	return measure(cases, n_cases, runs, warmups);
}
