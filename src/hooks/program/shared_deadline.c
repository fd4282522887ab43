#include "hooks/program/shared_deadline.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/fs.h"
#include "hooks/program/chain.h"

#define NOTE_MAX 64
#define VALID_S 60
/* Less than this is no time to tell anything in. */
#define WORTH_MS 10

void shared_deadline_release(struct shared_deadline *p)
{
	buf_release(&p->path);
}

static bool is_recent(const char *path)
{
	struct stat st;
	time_t now = time(NULL);

	return stat(path, &st) == 0 && st.st_mtim.tv_sec <= now &&
		now - st.st_mtim.tv_sec < VALID_S;
}

void shared_deadline_open(struct shared_deadline *p, const char *common_dir)
{
	struct error ignored = ERROR_INIT;
	struct buf text = BUF_INIT;
	int pid, complained, ms;

	fs_join(&p->path, common_dir, "minsky/patience");
	if (p->path.failed || access(p->path.data, F_OK) < 0)
		goto out;
	p->there = true;
	if (fs_read_private(p->path.data, NOTE_MAX, &text, &ignored) == 0 &&
		sscanf(text.data, "%9d %1d %9d", &pid, &complained, &ms) == 3 &&
		pid == (int)getppid() && ms >= 0 && is_recent(p->path.data)) {
		p->ours = true;
		p->complained = complained;
		p->spent_ms = ms;
	}
out:
	buf_release(&text);
}

static int write_note(char note[NOTE_MAX], const struct shared_deadline *p, int spent_ms)
{
	return snprintf(note, NOTE_MAX, "%d %d %d\n", (int)getppid(), p->complained, spent_ms);
}

int shared_deadline_left(const struct shared_deadline *p, int deadline_ms)
{
	int left = deadline_ms - p->spent_ms;
	char note[NOTE_MAX];

	/* A deadline that is short from the start is as somebody wants it. */
	if (p->spent_ms && left < WORTH_MS)
		return 0;
	if (p->path.len && !p->path.failed) {
		(void)write_note(note, p, deadline_ms);
		chain_note_deadline(p->path.data, note);
	}
	return left;
}

void shared_deadline_spend(struct shared_deadline *p, int ms, bool complained)
{
	struct error ignored = ERROR_INIT;
	char note[NOTE_MAX];
	int len;

	p->spent_ms += ms;
	p->complained = p->complained || complained;
	len = write_note(note, p, p->spent_ms);
	if (p->path.len && !p->path.failed)
		(void)fs_replace(p->path.data, note, (size_t)len, 0600, false, &ignored);
}

void shared_deadline_rest(const struct shared_deadline *p)
{
	if (p->there && !p->ours)
		(void)unlink(p->path.data);
}
