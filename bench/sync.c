/*
 * bench-sync FILE N - the median of N times: append 600 bytes to FILE and fdatasync it, in
 * milliseconds. It is the part of a commit's overhead that no program can save.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_RUNS 10000

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

int main(int argc, char **argv)
{
	static double ms[MAX_RUNS];
	char line[600];
	long n;
	int fd;

	if (argc != 3 || (n = strtol(argv[2], NULL, 10)) < 1 || n > MAX_RUNS) {
		fputs("usage: bench-sync FILE N\n", stderr);
		return 2;
	}
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	fd = open(argv[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	for (long i = 0; i < n; i++) {
		double start = now_ms();

		if (write(fd, line, sizeof(line)) != (ssize_t)sizeof(line) || fdatasync(fd) < 0) {
			perror(argv[1]);
			return 1;
		}
		ms[i] = now_ms() - start;
	}
	close(fd);
	qsort(ms, (size_t)n, sizeof(ms[0]), compare);
	printf("%.3f\n", ms[n / 2]);
	return 0;
}
