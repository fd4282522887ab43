#include "core/id.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

static const char digits[] = "0123456789abcdef";

static int random_bytes(unsigned char *out, size_t n, struct error *err)
{
	while (n) {
		ssize_t got = getrandom(out, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return error_errno(err, "cannot get random bytes");
		out += got;
		n -= (size_t)got;
	}
	return 0;
}

int id_random_hex(char out[ID_HEX_SIZE], struct error *err)
{
	unsigned char raw[16];
	int r = random_bytes(raw, sizeof(raw), err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(raw); i++) {
		out[2 * i] = digits[raw[i] >> 4];
		out[2 * i + 1] = digits[raw[i] & 15];
	}
	out[ID_HEX_SIZE - 1] = '\0';
	return 0;
}

int id_uuid7(char out[ID_UUID_SIZE], int64_t ms, struct error *err)
{
	unsigned char raw[16];
	char *p = out;
	int r = random_bytes(raw, sizeof(raw), err);

	if (r < 0)
		return r;
	for (int i = 0; i < 6; i++)
		raw[i] = (unsigned char)((uint64_t)ms >> (40 - 8 * i));
	raw[6] = (unsigned char)(0x70 | (raw[6] & 0x0f));
	raw[8] = (unsigned char)(0x80 | (raw[8] & 0x3f));
	for (size_t i = 0; i < sizeof(raw); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[raw[i] >> 4];
		*p++ = digits[raw[i] & 15];
	}
	*p = '\0';
	return 0;
}

const char *id_boot(void)
{
	static char boot[ID_UUID_SIZE];
	ssize_t n = -1;
	int fd;

	if (boot[0])
		return boot;
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, boot, sizeof(boot) - 1);
		close(fd);
	}
	if (n != (ssize_t)sizeof(boot) - 1 || !id_is_uuid(boot))
		memcpy(boot, "-", 2);
	return boot;
}

static bool is_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool id_is_hex(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_digit(s[i]))
			return false;
	return s[n] == '\0';
}

bool id_is_uuid(const char *s)
{
	for (size_t i = 0; i < ID_UUID_SIZE - 1; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? s[i] != '-' : !is_digit(s[i]))
			return false;
	}
	return s[ID_UUID_SIZE - 1] == '\0';
}
