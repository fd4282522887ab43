#include "core/clock.h"

#include <inttypes.h>
#include <stddef.h>

int64_t clock_monotonic_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_monotonic_ms(void)
{
	return clock_monotonic_us() / 1000;
}

struct timespec clock_timespec(int64_t ms)
{
	return (struct timespec){ .tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000 };
}

int64_t clock_now_ms(void)
{
	const char *fixed = getenv("MINSKY_NOW");
	struct timespec ts;
	int64_t ms;

	if (fixed && *fixed) {
		char *end;

		if (clock_parse(fixed, &ms))
			return ms;
		ms = strtoll(fixed, &end, 10);
		if (!*end)
			return ms;
	}
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/*
 * Days since 1970-01-01 of a proleptic Gregorian date and back, by counting in 400-year eras
 * that begin on 1 March, so that the leap day is the last day of a year.
 */
static int64_t days_from_civil(int64_t y, unsigned m, unsigned d)
{
	int64_t era;
	int64_t yoe, doy, doe;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

static void civil_from_days(int64_t z, int64_t *y_out, unsigned *m_out, unsigned *d_out)
{
	int64_t era, doe, yoe, doy, mp;

	z += 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = z - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d_out = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
	*m_out = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
	*y_out = yoe + era * 400 + (*m_out <= 2);
}

void clock_format(int64_t ms, char out[CLOCK_TEXT_SIZE])
{
	int64_t min = days_from_civil(0, 1, 1) * 86400000;
	int64_t max = days_from_civil(10000, 1, 1) * 86400000 - 1;
	int64_t days, rest, y;
	unsigned m, d;

	ms = ms < min ? min : ms > max ? max : ms;
	days = ms / 86400000;
	rest = ms % 86400000;
	if (rest < 0) {
		rest += 86400000;
		days--;
	}
	civil_from_days(days, &y, &m, &d);
	(void)snprintf(out, CLOCK_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
		(unsigned)y % 10000, m % 100, d % 100, (unsigned)(rest / 3600000) % 100,
		(unsigned)(rest / 60000 % 60), (unsigned)(rest / 1000 % 60),
		(unsigned)(rest % 1000));
}

/* Exactly n decimal digits; moves *p behind them. */
static bool take_digits(const char **p, int n, unsigned *out)
{
	unsigned v = 0;

	for (int i = 0; i < n; i++) {
		if ((*p)[i] < '0' || (*p)[i] > '9')
			return false;
		v = v * 10 + (unsigned)((*p)[i] - '0');
	}
	*p += n;
	*out = v;
	return true;
}

static bool take_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static bool take_date(const char **p, int64_t *days_out)
{
	static const unsigned char lengths[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned y, m, d;

	if (!take_digits(p, 4, &y) || !take_char(p, '-') || !take_digits(p, 2, &m) ||
		!take_char(p, '-') || !take_digits(p, 2, &d))
		return false;
	if (m < 1 || m > 12 || d < 1 || d > lengths[m - 1])
		return false;
	if (m == 2 && d == 29 && (y % 4 || (y % 100 == 0 && y % 400)))
		return false;
	*days_out = days_from_civil(y, m, d);
	return true;
}

/* hh:mm, then seconds (optional if `lax`) with an optional fraction, in milliseconds. */
static bool take_time(const char **p, bool lax, int64_t *ms_out)
{
	unsigned h, m, s = 0, scale = 100, frac = 0;

	if (!take_digits(p, 2, &h) || !take_char(p, ':') || !take_digits(p, 2, &m))
		return false;
	if (**p == ':') {
		(*p)++;
		if (!take_digits(p, 2, &s))
			return false;
	} else if (!lax) {
		return false;
	}
	if (h > 23 || m > 59 || s > 60)
		return false;
	if (**p == '.') {
		(*p)++;
		if (**p < '0' || **p > '9')
			return false;
		for (; **p >= '0' && **p <= '9'; (*p)++, scale /= 10)
			frac += (unsigned)(**p - '0') * scale;
	}
	*ms_out = (int64_t)h * 3600000 + (int64_t)m * 60000 + (int64_t)s * 1000 + frac;
	return true;
}

static bool take_offset(const char **p, int64_t *ms_out)
{
	unsigned h, m;
	int sign;

	if (**p == 'Z' || **p == 'z') {
		(*p)++;
		*ms_out = 0;
		return true;
	}
	sign = **p == '+' ? 1 : **p == '-' ? -1 : 0;
	if (!sign)
		return false;
	(*p)++;
	if (!take_digits(p, 2, &h) || !take_char(p, ':') || !take_digits(p, 2, &m) || h > 23 ||
		m > 59)
		return false;
	*ms_out = sign * ((int64_t)h * 3600000 + (int64_t)m * 60000);
	return true;
}

bool clock_parse(const char *text, int64_t *ms_out)
{
	const char *p = text;
	int64_t days, time, offset;

	if (!take_date(&p, &days) || (*p != 'T' && *p != 't' && *p != ' '))
		return false;
	p++;
	if (!take_time(&p, false, &time) || !take_offset(&p, &offset) || *p)
		return false;
	*ms_out = days * 86400000 + time - offset;
	return true;
}

static bool parse_age(const char *text, int64_t *ms_out)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = { { 's', 1000 }, { 'm', 60000 }, { 'h', 3600000 }, { 'd', 86400000 },
		{ 'w', 604800000 } };
	int64_t n = 0;
	const char *p = text;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		n = n * 10 + (*p - '0');
		if (n > 100000000)
			return false;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (p[0] == units[i].unit && !p[1]) {
			*ms_out = n * units[i].ms;
			return true;
		}
	}
	return false;
}

int clock_parse_user(const char *text, int64_t now_ms, int64_t *ms_out, struct error *err)
{
	const char *p = text;
	int64_t days, time = 0, offset = 0, age;

	if (clock_parse(text, ms_out))
		return 0;
	if (parse_age(text, &age)) {
		*ms_out = now_ms - age;
		return 0;
	}
	if (take_date(&p, &days)) {
		bool good = !*p;

		if (*p == 'T' || *p == ' ') {
			p++;
			good = take_time(&p, true, &time) && (!*p || take_offset(&p, &offset)) &&
				!*p;
		}
		if (good) {
			*ms_out = days * 86400000 + time - offset;
			return 0;
		}
	}
	error_set(err, ERR_USAGE, "'%s' is not a valid time", text);
	return error_hint(err,
		"write a date (2026-11-23), a time (2026-11-23T14:05Z) or an age (90s, "
		"15m, 2h, 3d, 2w)");
}

void clock_format_age(int64_t ms, int64_t now_ms, char out[32])
{
	int64_t s = (now_ms - ms) / 1000;

	if (now_ms < ms)
		(void)snprintf(out, 32, "in the future");
	else if (s < 5)
		(void)snprintf(out, 32, "just now");
	else if (s < 120)
		(void)snprintf(out, 32, "%" PRId64 " s ago", s);
	else if (s < 7200)
		(void)snprintf(out, 32, "%" PRId64 " min ago", s / 60);
	else if (s < 172800)
		(void)snprintf(out, 32, "%" PRId64 " h ago", s / 3600);
	else
		(void)snprintf(out, 32, "%" PRId64 " d ago", s / 86400);
}
