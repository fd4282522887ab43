#include "core/oid.h"

#include <string.h>

#define SHA1_DIGITS 40
#define SHA256_DIGITS (OID_SIZE - 1)

size_t oid_digits(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len &&
		((text[n] >= '0' && text[n] <= '9') || (text[n] >= 'a' && text[n] <= 'f')))
		n++;
	return n == SHA1_DIGITS || n == SHA256_DIGITS ? n : 0;
}

bool oid_parse(struct oid *out, const char *text, size_t len)
{
	if (!len || oid_digits(text, len) != len)
		return false;
	memcpy(out->hex, text, len);
	out->hex[len] = '\0';
	return true;
}

size_t oid_read(struct oid *out, const char *text)
{
	size_t n = oid_digits(text, strnlen(text, OID_SIZE));

	return oid_parse(out, text, n) ? n : 0;
}

void oid_set(struct oid *out, const char *text)
{
	if (!text || !oid_parse(out, text, strnlen(text, OID_SIZE)))
		out->hex[0] = '\0';
}

bool oid_is_valid(const char *text)
{
	size_t len = strnlen(text, OID_SIZE);

	return len && oid_digits(text, len) == len;
}

bool oid_equal(const struct oid *a, const struct oid *b)
{
	return !strcmp(a->hex, b->hex);
}

bool oid_is(const struct oid *a, const char *text)
{
	return !strcmp(a->hex, text);
}

bool oid_is_none(const struct oid *oid)
{
	return !oid->hex[0];
}

bool oid_is_zero(const char *text)
{
	return !text[strspn(text, "0")];
}
