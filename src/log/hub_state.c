#include "log/hub_state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/fs.h"

#define STATE_MAX 8192

static const char first_line[] = "minsky-hub 1\n";

static int state_path(struct buf *out, const char *journal, const char *hub, struct error *err)
{
	buf_clear(out);
	buf_addf(out, "%s/push/%s.state", journal, hub);
	return buf_check(out, err);
}

static void take_text(char *out, size_t size, const char *value)
{
	(void)snprintf(out, size, "%s", value);
}

static void take_line(struct hub_state *s, const char *line)
{
	const char *value = strchr(line, ' ');
	size_t n = value ? (size_t)(value - line) : 0;

	if (!value)
		return;
	value++;
#define IS(key) (n == sizeof(key) - 1 && memcmp(line, key, n) == 0)
	if (IS("tried"))
		s->tried_at = strtoll(value, NULL, 10);
	else if (IS("done"))
		s->done_at = strtoll(value, NULL, 10);
	else if (IS("next"))
		s->next_try = strtoll(value, NULL, 10);
	else if (IS("fails"))
		s->fails = strtoull(value, NULL, 10);
	else if (IS("took"))
		s->took_ms = strtoll(value, NULL, 10);
	else if (IS("failure"))
		take_text(s->failure, sizeof(s->failure), value);
	else if (IS("message"))
		take_text(s->message, sizeof(s->message), value);
	else if (IS("settings"))
		take_text(s->settings, sizeof(s->settings), value);
	else if (IS("instance"))
		take_text(s->instance, sizeof(s->instance), value);
	else if (IS("location"))
		take_text(s->location, sizeof(s->location), value);
	else if (IS("skew"))
		s->skew = strtoll(value, NULL, 10);
	else if (IS("origin"))
		take_text(s->origin, sizeof(s->origin), value);
	else if (IS("seq"))
		s->seq = strtoull(value, NULL, 10);
	else if (IS("unpushed"))
		s->unpushed = strtoull(value, NULL, 10);
#undef IS
}

void hub_state_read(struct hub_state *out, const char *journal, const char *hub)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	struct error ignored = ERROR_INIT;
	char *line;

	*out = (struct hub_state){ .fails = 0 };
	if (state_path(&path, journal, hub, &ignored) < 0 ||
		fs_read_private(path.data, STATE_MAX, &text, &ignored) < 0 ||
		strncmp(text.data, first_line, sizeof(first_line) - 1) != 0)
		goto out;
	line = text.data + sizeof(first_line) - 1;
	for (char *nl; (nl = strchr(line, '\n')); line = nl + 1) {
		*nl = '\0';
		take_line(out, line);
	}
out:
	buf_release(&path);
	buf_release(&text);
}

static void add_text(struct buf *out, const char *key, const char *value)
{
	if (!*value)
		return;
	buf_addf(out, "%s ", key);
	for (; *value; value++)
		buf_addch(out, *value == '\n' ? ' ' : *value);
	buf_addch(out, '\n');
}

static int make_dir(const char *journal, struct buf *path, struct error *err)
{
	int r;

	fs_join(path, journal, "push");
	r = buf_check(path, err);
	return r < 0 ? r : fs_mkdirs(path->data, 0700, err);
}

int hub_state_write(
	const struct hub_state *s, const char *journal, const char *hub, struct error *err)
{
	struct buf path = BUF_INIT, text = BUF_INIT;
	int r;

	buf_addf(&text,
		"%stried %" PRId64 "\ndone %" PRId64 "\nnext %" PRId64 "\nfails %" PRIu64
		"\ntook %" PRId64 "\nskew %" PRId64 "\nunpushed %" PRIu64 "\n",
		first_line, s->tried_at, s->done_at, s->next_try, s->fails, s->took_ms, s->skew,
		s->unpushed);
	buf_addf(&text, "seq %" PRIu64 "\n", s->seq);
	add_text(&text, "origin", s->origin);
	add_text(&text, "failure", s->failure);
	add_text(&text, "message", s->message);
	add_text(&text, "settings", s->settings);
	add_text(&text, "instance", s->instance);
	add_text(&text, "location", s->location);
	r = make_dir(journal, &path, err);
	if (r == 0)
		r = state_path(&path, journal, hub, err);
	if (r == 0)
		r = buf_check(&text, err);
	if (r == 0)
		r = fs_replace(path.data, text.data, text.len, 0600, false, err);
	buf_release(&path);
	buf_release(&text);
	return r;
}

/* 500 .. 1499 */
static int64_t jitter(void)
{
	struct error ignored = ERROR_INIT;
	char hex[ID_HEX_SIZE];

	if (id_random_hex(hex, &ignored) < 0)
		return 1000;
	hex[4] = '\0';
	return 500 + (int64_t)(strtoul(hex, NULL, 16) % 1000);
}

void hub_state_failed(struct hub_state *s, int code, const char *message, int64_t now)
{
	int64_t delay = HUB_RETRY_MAX_MS;

	if (s->fails < 9 && (INT64_C(1000) << s->fails) < delay)
		delay = INT64_C(1000) << s->fails;
	s->fails++;
	s->tried_at = now;
	take_text(s->failure, sizeof(s->failure), error_name((enum error_code)code));
	take_text(s->message, sizeof(s->message), message);
	if (code == ERR_REFUSED || code == ERR_USAGE || code == ERR_UNSUPPORTED)
		s->next_try = INT64_MAX;
	else
		s->next_try = now + delay * jitter() / 1000;
}

void hub_state_succeeded(struct hub_state *s, int64_t now)
{
	s->tried_at = s->done_at = s->next_try = now;
	s->fails = 0;
	s->failure[0] = s->message[0] = '\0';
}

int hub_state_lock(const char *journal, int timeout_ms, int *fd_out, struct error *err)
{
	struct buf path = BUF_INIT;
	int r = make_dir(journal, &path, err);

	if (r == 0) {
		buf_adds(&path, "/lock");
		r = buf_check(&path, err);
	}
	if (r == 0)
		r = fs_lock(path.data, timeout_ms, fd_out, err);
	buf_release(&path);
	return r;
}

int hub_due_set(const char *journal, int64_t ms, struct error *err)
{
	struct timespec times[2];
	struct buf path = BUF_INIT;
	int fd = -1;
	int r = make_dir(journal, &path, err);

	if (r == 0) {
		buf_adds(&path, "/due");
		r = buf_check(&path, err);
	}
	if (r < 0)
		goto out;
	if (ms == INT64_MAX) {
		if (unlink(path.data) < 0 && errno != ENOENT)
			r = error_errno(err, "cannot remove '%s'", path.data);
		goto out;
	}
	fd = open(path.data, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	times[0] = times[1] = clock_timespec(ms);
	if (fd < 0 || futimens(fd, times) < 0)
		r = error_errno(err, "cannot write '%s'", path.data);
out:
	if (fd >= 0)
		close(fd);
	buf_release(&path);
	return r;
}

bool hub_due(const char *journal, int64_t now)
{
	struct buf path = BUF_INIT;
	struct stat st;
	bool due = false;

	fs_join(&path, journal, "push/due");
	if (!path.failed && lstat(path.data, &st) == 0)
		due = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000 <= now;
	buf_release(&path);
	return due;
}
