#include "hub/dirhub.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/config.h"
#include "core/fs.h"
#include "core/module.h"
#include "log/record.h"

#define FILE_MAX (256u << 20)

struct dirhub {
	struct hub hub;
	char *dir;
	int deadline_ms;
	int lock;
};

static struct dirhub *of(struct hub *h)
{
	return (struct dirhub *)h;
}

static const char *role(void)
{
	const char *r = getenv("MINSKY_DIRHUB_ROLE");

	return r ? r : getenv("USER") ? getenv("USER") : "nobody";
}

/* "<dir>/<a>[/<b>]" in static storage, four calls long. */
static const char *path_of(const struct dirhub *d, const char *a, const char *b)
{
	static char ring[4][1024];
	static unsigned next;
	char *out = ring[next++ % 4];

	(void)snprintf(out, sizeof(ring[0]), "%s/%s%s%s", d->dir, a, b ? "/" : "", b ? b : "");
	return out;
}

static int64_t number_in(const struct dirhub *d, const char *name)
{
	struct error ignored = ERROR_INIT;
	struct buf text = BUF_INIT;
	int64_t n = 0;

	if (fs_read(path_of(d, name, NULL), 64, &text, &ignored) == 0)
		n = strtoll(text.data, NULL, 10);
	buf_release(&text);
	return n;
}

static void note_call(const struct dirhub *d, const char *name)
{
	int fd = open(path_of(d, "calls", NULL), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	(void)!write(fd, name, strlen(name));
	(void)!write(fd, "\n", 1);
	close(fd);
}

/* Each call begins here; it ends with leave(). */
static int enter(struct dirhub *d, const char *name, struct error *err)
{
	note_call(d, name);
	if (fs_exists(path_of(d, "hang", NULL))) {
		int ms = d->deadline_ms ? d->deadline_ms : 5000;
		struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

		(void)nanosleep(&t, NULL);
		return error_set(err, ERR_BACKEND, "hub '%s' did not answer in time", d->dir);
	}
	if (fs_exists(path_of(d, "down", NULL)))
		return error_set(err, ERR_BACKEND, "hub '%s' is down", d->dir);
	return fs_lock(path_of(d, "lock", NULL), 10000, &d->lock, err);
}

static void leave(struct dirhub *d)
{
	close(d->lock);
	d->lock = -1;
}

int dirhub_open(struct hub **out, const char *dir, struct error *err)
{
	struct dirhub *d = calloc(1, sizeof(*d));
	int r;

	if (!d)
		return error_nomem(err);
	d->hub.ops = &dirhub_ops;
	d->dir = strdup(dir);
	d->lock = -1;
	if (!d->dir) {
		free(d);
		return error_nomem(err);
	}
	r = enter(d, "open", err);
	if (r == 0) {
		leave(d);
		if (fs_exists(path_of(d, "refuse", NULL)))
			r = error_set(err, ERR_REFUSED, "hub '%s': password is wrong", dir);
	}
	if (r < 0) {
		free(d->dir);
		free(d);
		return r;
	}
	*out = &d->hub;
	return 0;
}

static int open_configured(
	struct hub **out, const struct config *config, int deadline_ms, struct error *err)
{
	static const char scheme[] = "dirhub://";
	const char *url = config_get(config, "sessiondb.hub");
	struct dirhub probe = { .dir = NULL };
	int r;

	if (!url || strncmp(url, scheme, sizeof(scheme) - 1) != 0)
		return error_set(err, ERR_USAGE, "dirhub wants sessiondb.hub: dirhub:///DIR");
	probe.dir = (char *)url + sizeof(scheme) - 1;
	/* open() itself has to obey the deadline. */
	if (fs_exists(path_of(&probe, "hang", NULL))) {
		probe.deadline_ms = deadline_ms;
		return enter(&probe, "open", err);
	}
	r = dirhub_open(out, probe.dir, err);
	if (r == 0)
		of(*out)->deadline_ms = deadline_ms;
	return r;
}

static void dirhub_close(struct hub *h)
{
	if (!h)
		return;
	free(of(h)->dir);
	free(h);
}

static bool find_key(const char *text, const char *word, char out[ID_HEX_SIZE])
{
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		const char *nl = strchr(line, '\n');

		if (!nl)
			break;
		if ((size_t)(nl - line) == ID_HEX_SIZE + strlen(word) &&
			memcmp(line + ID_HEX_SIZE, word, strlen(word)) == 0) {
			memcpy(out, line, ID_HEX_SIZE - 1);
			out[ID_HEX_SIZE - 1] = '\0';
			return true;
		}
	}
	return false;
}

static int join(
	struct hub *h, const struct hub_repo *repo, char key_out[ID_HEX_SIZE], struct error *err)
{
	struct dirhub *d = of(h);
	struct buf text = BUF_INIT;
	struct error none = ERROR_INIT;
	char key[ID_HEX_SIZE], other[ID_HEX_SIZE];
	bool known = false;
	int r = enter(d, "join", err);

	if (r < 0)
		return r;
	(void)fs_read(path_of(d, "keys", NULL), FILE_MAX, &text, &none);
	for (size_t i = 0; i < repo->n_urls && !known; i++)
		known = find_key(text.data, repo->urls[i], key);
	if (!known && !find_key(text.data, repo->id, key))
		memcpy(key, repo->id, sizeof(key));
	if (!find_key(text.data, repo->id, other))
		buf_addf(&text, "%s %s\n", key, repo->id);
	for (size_t i = 0; i < repo->n_urls; i++)
		if (!find_key(text.data, repo->urls[i], other))
			buf_addf(&text, "%s %s\n", key, repo->urls[i]);
	r = fs_replace(path_of(d, "keys", NULL), text.data, text.len, 0600, false, err);
	if (r == 0)
		r = fs_mkdirs(path_of(d, key, NULL), 0700, err);
	if (r == 0)
		memcpy(key_out, key, sizeof(key));
	buf_release(&text);
	leave(d);
	return r;
}

struct meta {
	char role[64], host[128], parent[80];
	int retired;
};

static const char *meta_path(const struct dirhub *d, const char *key, const char *origin)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%s.meta", origin);
	return path_of(d, key, name);
}

static bool read_meta(const struct dirhub *d, const char *key, const char *origin, struct meta *out)
{
	struct error none = ERROR_INIT;
	struct buf text = BUF_INIT;
	bool ok = fs_read(meta_path(d, key, origin), 4096, &text, &none) == 0 &&
		sscanf(text.data, "%63s %127s %79s %d", out->role, out->host, out->parent,
			&out->retired) == 4;

	buf_release(&text);
	return ok;
}

static int write_meta(const struct dirhub *d, const char *key, const char *origin,
	const struct meta *m, struct error *err)
{
	struct buf text = BUF_INIT;
	int r;

	buf_addf(
		&text, "%s %s %s %d\n", m->role, m->host[0] ? m->host : "-", m->parent, m->retired);
	r = fs_replace(meta_path(d, key, origin), text.data, text.len, 0600, false, err);
	buf_release(&text);
	return r;
}

static int enroll(struct hub *h, const char *key, const char *origin, const char *host,
	const struct head *parent, struct error *err)
{
	struct dirhub *d = of(h);
	struct meta m = { .retired = 0 };
	int r = enter(d, "enroll", err);

	if (r < 0)
		return r;
	if (read_meta(d, key, origin, &m)) {
		if (strcmp(m.role, role()) != 0)
			r = error_set(err, ERR_REFUSED, "origin belongs to another role");
	} else {
		(void)snprintf(m.role, sizeof(m.role), "%s", role());
		(void)snprintf(m.host, sizeof(m.host), "%s", host ? host : "-");
		(void)snprintf(m.parent, sizeof(m.parent), "-");
		if (parent)
			(void)snprintf(m.parent, sizeof(m.parent), "%s:%" PRIu64, parent->origin,
				parent->seq);
		r = write_meta(d, key, origin, &m, err);
	}
	leave(d);
	return r;
}

static int retire(struct hub *h, const char *key, const char *origin, struct error *err)
{
	struct dirhub *d = of(h);
	struct meta m;
	int r = enter(d, "retire", err);

	if (r < 0)
		return r;
	if (read_meta(d, key, origin, &m)) {
		m.retired = 1;
		r = write_meta(d, key, origin, &m, err);
	}
	leave(d);
	return r;
}

static int load(const struct dirhub *d, const char *key, const char *origin, struct buf *out,
	struct error *err)
{
	int r = fs_read(path_of(d, key, origin), FILE_MAX, out, err);

	if (r == ERR_NOTFOUND) {
		error_clear(err);
		r = 0;
	}
	return r;
}

/* Each record of the text; false at the end. */
static bool next_record(const char **at, struct record *rec)
{
	const char *nl = strchr(*at, '\n');
	const char *line = *at;

	if (!nl || record_parse(rec, line, (size_t)(nl - line) + 1))
		return false;
	*at = nl + 1;
	return true;
}

static void last_of(const struct buf *text, struct head *out, uint64_t *hlc)
{
	const char *end = text->len ? memrchr(text->data, '\n', text->len - 1) : NULL;
	const char *at = end ? end + 1 : text->data;
	struct record rec;

	out->seq = *hlc = 0;
	memcpy(out->hash, HASH_ZERO, HASH_HEX_SIZE);
	if (!next_record(&at, &rec))
		return;
	out->seq = rec.seq;
	*hlc = rec.hlc;
	memcpy(out->hash, rec.hash, HASH_HEX_SIZE);
}

static int heads_in(struct dirhub *d, const char *key, struct heads *out, struct error *err)
{
	DIR *dir = opendir(path_of(d, key, NULL));
	struct heads heads = HEADS_INIT;
	const struct dirent *entry;
	int r = 0;

	if (!dir)
		return errno == ENOENT ? 0 : error_errno(err, "cannot read '%s'", d->dir);
	while (r == 0 && (entry = readdir(dir))) {
		struct buf text = BUF_INIT;
		struct head head;
		uint64_t hlc;

		if (!id_is_hex(entry->d_name, ID_HEX_SIZE - 1))
			continue;
		r = load(d, key, entry->d_name, &text, err);
		last_of(&text, &head, &hlc);
		if (r == 0 && head.seq)
			r = heads_set(&heads, entry->d_name, head.seq, head.hash, err);
		buf_release(&text);
	}
	closedir(dir);
	if (r == 0)
		*out = heads;
	return r;
}

static int heads_of(struct hub *h, const char *key, struct heads *out, struct error *err)
{
	struct dirhub *d = of(h);
	int r = enter(d, "heads", err);

	if (r < 0)
		return r;
	r = heads_in(d, key, out, err);
	leave(d);
	return r;
}

static enum hub_status judge(const struct dirhub *d, const struct head *base,
	const struct head *head, uint64_t hlc, const struct hub_record *records, size_t n,
	struct buf *lines)
{
	int64_t limit = clock_now_ms() + number_in(d, "skew") + 300000;
	char prev[HASH_HEX_SIZE], expected[HASH_HEX_SIZE];

	if (base->seq < head->seq)
		return HUB_BEHIND;
	if (base->seq > head->seq)
		return HUB_GAP;
	if (strcmp(base->hash, head->hash) != 0)
		return HUB_FORK;
	if (!n || n > HUB_BATCH_RECORDS)
		return HUB_BAD_BATCH;
	memcpy(prev, head->hash, sizeof(prev));
	for (size_t i = 0; i < n; i++) {
		struct record rec = { .seq = records[i].seq,
			.hlc = records[i].hlc,
			.body = records[i].body,
			.body_len = records[i].body_len };

		memcpy(rec.origin, base->origin, sizeof(rec.origin));
		memcpy(rec.bodyhash, records[i].bodyhash, sizeof(rec.bodyhash));
		memcpy(rec.hash, records[i].hash, sizeof(rec.hash));
		if (rec.body) {
			hash_bytes(rec.body, rec.body_len, expected);
			if (strcmp(expected, rec.bodyhash) != 0)
				return HUB_BAD_BATCH;
		}
		record_hash(expected, prev, rec.origin, rec.seq, rec.hlc, rec.bodyhash);
		if (rec.seq != base->seq + 1 + i || rec.hlc <= hlc ||
			strcmp(expected, rec.hash) != 0)
			return HUB_BAD_BATCH;
		if (record_hlc_ms(rec.hlc) > limit)
			return HUB_CLOCK_AHEAD;
		hlc = rec.hlc;
		memcpy(prev, rec.hash, sizeof(prev));
		record_write(lines, &rec);
	}
	return HUB_OK;
}

static int append(const struct dirhub *d, const char *key, const char *origin,
	const struct buf *lines, struct error *err)
{
	int fd = open(path_of(d, key, origin), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return error_errno(err, "cannot write '%s'", d->dir);
	r = fs_write_all(fd, lines->data, lines->len, err);
	close(fd);
	return r;
}

static int push(struct hub *h, const char *key, const struct head *base,
	const struct hub_record *records, size_t n, enum hub_status *status_out,
	struct head *head_out, struct error *err)
{
	struct dirhub *d = of(h);
	struct buf text = BUF_INIT, lines = BUF_INIT;
	struct head head = { .hash = HASH_ZERO };
	int64_t drop;
	uint64_t hlc;
	struct meta m;
	int r = enter(d, "push", err);

	if (r < 0)
		return r;
	memcpy(head.origin, base->origin, sizeof(head.origin));
	r = load(d, key, base->origin, &text, err);
	if (r < 0)
		goto out;
	last_of(&text, &head, &hlc);
	if (!read_meta(d, key, base->origin, &m) || strcmp(m.role, role()) != 0)
		*status_out = HUB_UNKNOWN_ORIGIN;
	else if (m.retired)
		*status_out = HUB_RETIRED;
	else
		*status_out = judge(d, base, &head, hlc, records, n, &lines);
	if (*status_out == HUB_OK) {
		r = append(d, key, base->origin, &lines, err);
		last_of(&lines, &head, &hlc);
	}
	*head_out = head;
	drop = r == 0 ? number_in(d, "drop") : 0;
	if (drop > 0) {
		char left[32];

		(void)snprintf(left, sizeof(left), "%" PRId64, drop - 1);
		(void)fs_replace(path_of(d, "drop", NULL), left, strlen(left), 0600, false, err);
		r = error_set(err, ERR_BACKEND, "hub '%s': the answer was lost", d->dir);
	}
out:
	buf_release(&text);
	buf_release(&lines);
	leave(d);
	return r;
}

static int pull(struct hub *h, const char *key, const char *origin, uint64_t after, uint64_t upto,
	hub_record_fn *fn, void *arg, struct error *err)
{
	struct dirhub *d = of(h);
	struct buf text = BUF_INIT;
	struct record rec;
	const char *at;
	int r = enter(d, "pull", err);

	if (r < 0)
		return r;
	r = load(d, key, origin, &text, err);
	leave(d);
	at = text.data;
	while (r == 0 && next_record(&at, &rec)) {
		struct hub_record out = {
			.seq = rec.seq, .hlc = rec.hlc, .body = rec.body, .body_len = rec.body_len
		};

		if (rec.seq <= after || rec.seq > upto)
			continue;
		memcpy(out.bodyhash, rec.bodyhash, sizeof(out.bodyhash));
		memcpy(out.hash, rec.hash, sizeof(out.hash));
		r = fn(arg, origin, &out, err);
	}
	buf_release(&text);
	return r;
}

static int hash_at(struct hub *h, const char *key, const char *origin, uint64_t seq,
	char hash_out[HASH_HEX_SIZE], struct error *err)
{
	struct dirhub *d = of(h);
	struct buf text = BUF_INIT;
	struct record rec;
	const char *at;
	int r = enter(d, "hash_at", err);

	if (r < 0)
		return r;
	r = load(d, key, origin, &text, err);
	leave(d);
	at = text.data;
	while (r == 0 && next_record(&at, &rec) && rec.seq != seq)
		;
	if (r == 0 && (!text.len || rec.seq != seq))
		r = error_set(err, ERR_NOTFOUND, "the hub has no such record");
	if (r == 0)
		memcpy(hash_out, rec.hash, HASH_HEX_SIZE);
	buf_release(&text);
	return r;
}

static int redact(
	struct hub *h, const char *key, const char *origin, uint64_t seq, struct error *err)
{
	struct dirhub *d = of(h);
	struct buf text = BUF_INIT, out = BUF_INIT, keeper = BUF_INIT;
	struct error none = ERROR_INIT;
	struct record rec;
	const char *at;
	int r = enter(d, "redact", err);

	if (r < 0)
		return r;
	if (fs_read(path_of(d, "keeper", NULL), 256, &keeper, &none) < 0 ||
		strncmp(keeper.data, role(), strlen(role())) != 0)
		r = error_set(err, ERR_REFUSED, "only a keeper may redact");
	if (r == 0)
		r = load(d, key, origin, &text, err);
	at = text.data;
	while (r == 0 && next_record(&at, &rec)) {
		if (rec.seq == seq)
			rec.body = NULL;
		record_write(&out, &rec);
	}
	if (r == 0)
		r = fs_replace(path_of(d, key, origin), out.data, out.len, 0600, false, err);
	buf_release(&keeper);
	buf_release(&text);
	buf_release(&out);
	leave(d);
	return r;
}

static int instance(struct hub *h, struct buf *out, struct error *err)
{
	struct stat st;

	if (stat(of(h)->dir, &st) < 0)
		return error_errno(err, "cannot access '%s'", of(h)->dir);
	buf_addf(out, "%llu", (unsigned long long)st.st_ino);
	return buf_check(out, err);
}

static int clock_skew(struct hub *h, int64_t *out, struct error *err)
{
	(void)err;
	*out = number_in(of(h), "skew");
	return 0;
}

static int location(struct hub *h, struct buf *out, struct error *err)
{
	buf_addf(out, "directory '%s'", of(h)->dir);
	return buf_check(out, err);
}

const struct hub_ops dirhub_ops = {
	.name = "dirhub",
	.open = open_configured,
	.close = dirhub_close,
	.join = join,
	.enroll = enroll,
	.retire = retire,
	.heads = heads_of,
	.push = push,
	.pull = pull,
	.hash_at = hash_at,
	.redact = redact,
	.instance = instance,
	.clock_skew = clock_skew,
	.location = location,
};

__attribute__((visibility("default"))) const struct backend_module minsky_backend_module = {
	.abi = BACKEND_MODULE_ABI,
	.name = "dirhub",
	.hub = &dirhub_ops,
};
