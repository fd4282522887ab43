#include "repo/visit.h"

int repo_visit_all(const struct caller *caller, const char *state, repo_fn *fn, void *arg,
	size_t *left_out, struct error *err)
{
	struct repo_file_list list = { NULL, 0 };
	size_t n = 0;
	int r = repo_file_list_load(&list, state, err);

	for (size_t i = 0; r == 0 && i < list.n; i++) {
		const struct repo_file *file = &list.v[i];
		struct repo repo = REPO_INIT;

		r = repo_open_journal(&repo, caller, file->journal, err);
		if (r == 0)
			r = fn(&repo, arg, err);
		/* The damage of one does not hide what the others have. */
		if (r == ERR_CORRUPT) {
			caller_warn(caller, "skipped '%s': %s",
				file->name ? file->name : file->journal, err->msg);
			error_clear(err);
			n++;
			r = 0;
		}
		repo_release(&repo);
	}
	repo_file_list_release(&list);
	if (left_out)
		*left_out = n;
	return r;
}
