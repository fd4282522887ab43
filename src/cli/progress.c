#include "cli/progress.h"

#include <unistd.h>

#include "core/clock.h"

#define DELAY_MS 1000
#define STEP_MS 200

void progress_begin(struct progress *p, const struct app *app, const char *what)
{
	const char *delay = getenv("MINSKY_PROGRESS_DELAY");

	*p = (struct progress){ .wanted = app_talks(app), .what = what };
	if (p->wanted)
		p->next = clock_monotonic_ms() + (delay ? strtol(delay, NULL, 10) : DELAY_MS);
}

static void put(const char *text)
{
	/* A terminal that does not take it has nobody who looks. */
	(void)!write(STDERR_FILENO, text, strlen(text));
}

void progress_tell(struct progress *p, uint64_t done, uint64_t total)
{
	char line[160];
	int64_t now;

	if (!p->wanted || !total)
		return;
	now = clock_monotonic_ms();
	if (now < p->next)
		return;
	p->next = now + STEP_MS;
	(void)snprintf(line, sizeof(line), "\r%.60s: %3u %% of %llu MB", p->what,
		(unsigned)(100 * (double)(done < total ? done : total) / (double)total),
		(unsigned long long)((total + 999999) / 1000000));
	put(line);
	p->shown = true;
}

void progress_end(struct progress *p)
{
	if (p->shown)
		put("\r\033[K");
	p->shown = false;
}
