#include "core/duration.h"

#include <stddef.h>
#include <string.h>

#define MOST (INT64_C(1) << 53)

bool duration_parse(const char *text, int64_t *ms_out)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {
		{ "ms", 1 },
		{ "s", 1000 },
		{ "m", 60000 },
		{ "h", 3600000 },
		{ "d", 86400000 },
		{ "w", 604800000 },
	};
	const char *p = text;
	int64_t v = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (*p - '0');
		if (v > MOST)
			return false;
	}
	if (p == text)
		return false;
	if (!*p && !v) {
		*ms_out = 0;
		return true;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!strcmp(p, units[i].unit) && v <= MOST / units[i].ms) {
			*ms_out = v * units[i].ms;
			return true;
		}
	}
	return false;
}
