#include <string.h>
#include <sys/stat.h>

#include "core/event.h"
#include "core/fs.h"
#include "fuzz/fuzz.h"
#include "fuzz/place.h"
#include "hooks/observe/observe.h"

#define CLONE "00112233445566778899aabbccddeeff"

static void make_dir(struct buf *path, const char *below, const char *name)
{
	fs_join(path, below, name);
	HOLDS(!path->failed && mkdir(path->data, 0700) == 0);
}

static void make_repository(struct buf *git_dir, const char *place)
{
	static const char head[] = "ref: refs/heads/main\n";
	struct buf below = BUF_INIT;

	make_dir(git_dir, place, "bare.git");
	make_dir(&below, git_dir->data, "refs");
	make_dir(&below, git_dir->data, "objects");
	fuzz_file("bare.git/HEAD", head, sizeof(head) - 1);
	buf_release(&below);
}

/* Every event is one that events are read as, and of a ref that the input names. */
static size_t check_events(struct journal *j)
{
	struct journal_reader *r = NULL;
	const struct record *rec = NULL;
	struct error err = ERROR_INIT;
	size_t n = 0;

	HOLDS(journal_reader_open(&r, j, NULL, 0, NULL, &err) == 0);
	for (;;) {
		const struct event_key key = { .hlc = 1, .seq = 1 };
		struct event e;

		HOLDS(journal_reader_next(r, &rec, &err) == 0);
		if (!rec)
			break;
		HOLDS(event_decode(&e, rec->body, rec->body_len, &key, &err) == 0);
		HOLDS(e.type != EVENT_UNKNOWN);
		event_release(&e);
		n++;
	}
	journal_reader_close(r);
	return n;
}

/* What post-receive reads from git becomes events, or nothing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pointer pointer = { .repo = CLONE, .clone = CLONE };
	struct observation bell = { .pointer = &pointer, .via = "hook", .timeout_ms = 1000 };
	struct observe_result result = { .events = 0 };
	const char *place = fuzz_place();
	struct error err = ERROR_INIT;
	struct buf git_dir = BUF_INIT, dir = BUF_INIT;
	struct journal *j = NULL;

	make_repository(&git_dir, place);
	fs_join(&dir, place, "journal");
	HOLDS(journal_create(dir.data, &err) == 0 && journal_open(&j, dir.data, &err) == 0);
	pointer.journal = dir.data;
	bell.git_dir = bell.common_dir = git_dir.data;
	HOLDS(observe_start(&bell, j, &err) == 0);
	bell.pushed = (const char *)data;
	bell.pushed_len = size;
	HOLDS(observe(&bell, j, &result, &err) == 0);
	HOLDS(check_events(j) == result.events);
	journal_close(j);
	buf_release(&dir);
	buf_release(&git_dir);
	return 0;
}
