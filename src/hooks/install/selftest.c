#include "hooks/install/selftest.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/id.h"
#include "core/text.h"

#define ANSWERS_MAX 65536

static int path_of(struct buf *out, const char *journal_dir, const char *nonce, struct error *err)
{
	buf_clear(out);
	buf_addf(out, "%s/selftest.%s", journal_dir, nonce);
	return buf_check(out, err);
}

const char *selftest_nonce(void)
{
	const char *nonce = getenv(SELFTEST_VARIABLE);

	return nonce && id_is_hex(nonce, ID_HEX_SIZE - 1) ? nonce : NULL;
}

void selftest_answer(const char *journal_dir, const char *nonce, const char *hook, const char *why)
{
	struct error ignored = ERROR_INIT;
	struct buf path = BUF_INIT;
	struct buf line = BUF_INIT;
	int fd = -1;

	buf_addf(&line, "%s ", hook);
	text_add_line(&line, why ? why : "ok", strlen(why ? why : "ok"));
	buf_addch(&line, '\n');
	if (line.failed || path_of(&path, journal_dir, nonce, &ignored) < 0)
		goto out;
	fd = open(path.data, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0) {
		(void)fs_write_all(fd, line.data, line.len, &ignored);
		close(fd);
	}
out:
	buf_release(&path);
	buf_release(&line);
}

int selftest_begin(const char *journal_dir, const char *nonce, struct error *err)
{
	struct buf path = BUF_INIT;
	int fd, r = path_of(&path, journal_dir, nonce, err);

	if (r < 0)
		goto out;
	fd = open(path.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	/* A line, since a disk that is full may take a file without bytes. */
	if (fd < 0 || write(fd, "\n", 1) != 1)
		r = error_errno(err, "cannot write to the journal's directory '%s'", journal_dir);
	if (fd >= 0)
		close(fd);
	if (fd >= 0 && r < 0)
		(void)unlink(path.data);
out:
	buf_release(&path);
	return r;
}

int selftest_read(const char *journal_dir, const char *nonce, struct buf *out, struct error *err)
{
	struct buf path = BUF_INIT;
	int r = path_of(&path, journal_dir, nonce, err);

	buf_clear(out);
	if (r == 0)
		r = fs_read_private(path.data, ANSWERS_MAX, out, err);
	while (out->len && out->data[out->len - 1] != '\n')
		buf_truncate(out, out->len - 1);
	buf_release(&path);
	return r;
}

void selftest_end(const char *journal_dir, const char *nonce)
{
	struct error ignored = ERROR_INIT;
	struct buf path = BUF_INIT;

	if (path_of(&path, journal_dir, nonce, &ignored) == 0)
		(void)unlink(path.data);
	buf_release(&path);
}
