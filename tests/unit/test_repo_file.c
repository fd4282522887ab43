/* repo.json, written and read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fs.h"
#include "core/repo_file.h"
#include "lib/scratch.h"

#define ID1 "0123456789abcdef0123456789abcdef"
#define ID2 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define UUID "0193597a-0000-7000-8000-000000000001"

static char dir[SCRATCH_SIZE];

static int make(void **state)
{
	(void)state;
	scratch_make(dir);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	scratch_remove(dir);
	return 0;
}

static void put(const char *text)
{
	struct error err = ERROR_INIT;

	assert_int_equal(
		fs_replace(scratch_path(dir, "repo.json"), text, strlen(text), 0600, false, &err),
		0);
}

static void what_is_saved_is_loaded(void **state)
{
	struct repo_file r = { .id = ID1 }, back = REPO_FILE_INIT;
	const struct repo_file_clone *clone;
	struct error err = ERROR_INIT;
	struct stat st;

	(void)state;
	r.name = strdup("org/repo \"x\"");
	r.journal = strdup(dir);
	r.main_path = strdup("/src/repo/.git");
	assert_int_equal(repo_file_add_url(&r, "host/org/repo", &err), 0);
	assert_int_equal(repo_file_add_url(&r, "other/org/repo", &err), 0);
	assert_int_equal(repo_file_add_url(&r, "host/org/repo", &err), 0);
	assert_int_equal(r.n_urls, 2);
	assert_int_equal(repo_file_add_clone(&r, ID1, "/a", NULL, &err), 0);
	assert_int_equal(repo_file_add_clone(&r, ID2, "/b", UUID, &err), 0);
	assert_int_equal(repo_file_add_clone(&r, ID1, "/moved", "", &err), 0);
	assert_int_equal(r.n_clones, 2);
	assert_int_equal(repo_file_save(&r, &err), 0);
	assert_int_equal(stat(scratch_path(dir, "repo.json"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	repo_file_release(&r);

	assert_int_equal(repo_file_load(&back, dir, &err), 0);
	assert_string_equal(back.id, ID1);
	assert_string_equal(back.name, "org/repo \"x\"");
	assert_string_equal(back.journal, dir);
	assert_string_equal(back.main_path, "/src/repo/.git");
	assert_true(repo_file_has_url(&back, "host/org/repo"));
	assert_true(repo_file_has_url(&back, "other/org/repo"));
	assert_false(repo_file_has_url(&back, "host/org"));
	clone = repo_file_find_clone(&back, ID1);
	assert_non_null(clone);
	assert_string_equal(clone->path, "/moved");
	assert_string_equal(clone->session, "");
	clone = repo_file_find_clone(&back, ID2);
	assert_non_null(clone);
	assert_string_equal(clone->session, UUID);
	assert_null(repo_file_find_clone(&back, UUID));
	repo_file_release(&back);
}

static void ids_are_checked(void **state)
{
	struct repo_file r = REPO_FILE_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(repo_file_add_clone(&r, "x", "/a", NULL, &err), ERR_CORRUPT);
	assert_int_equal(repo_file_add_clone(&r, ID1, "/a", "me", &err), ERR_CORRUPT);
	assert_int_equal(r.n_clones, 0);
	repo_file_release(&r);
}

static void a_damaged_file_is_refused(void **state)
{
	static const char *const texts[] = { "", "{", "[]", "{}",
		"{\"schema\":1,\"id\":\"x\",\"name\":\"n\",\"urls\":[],\"clones\":[]}",
		"{\"schema\":1,\"id\":\"" ID1 "\",\"urls\":[],\"clones\":[]}",
		"{\"schema\":1,\"id\":\"" ID1 "\",\"name\":\"n\",\"clones\":[]}",
		"{\"schema\":1,\"id\":\"" ID1 "\",\"name\":\"n\",\"urls\":[7],\"clones\":[]}",
		"{\"schema\":1,\"id\":\"" ID1 "\",\"name\":\"n\",\"urls\":[],\"clones\":[{}]}",
		"{\"schema\":1,\"id\":\"" ID1 "\",\"name\":\"n\",\"urls\":[]}",
		"{\"schema\":1,\"id\":\"" ID1
		"\",\"name\":\"n\",\"urls\":[],\"clones\":[],\"name\":\"m\"}" };
	struct repo_file r = { .n_urls = 77 };
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		put(texts[i]);
		if (repo_file_load(&r, dir, &err) != ERR_CORRUPT)
			fail_msg("accepted: %s", texts[i]);
		assert_non_null(strstr(err.msg, "repo.json"));
	}
	assert_int_equal(r.n_urls, 77);
}

static void newer_missing_and_public_files_are_refused(void **state)
{
	struct repo_file r = REPO_FILE_INIT;
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(repo_file_load(&r, dir, &err), ERR_NOTFOUND);
	put("{\"schema\":2}");
	assert_int_equal(repo_file_load(&r, dir, &err), ERR_UNSUPPORTED);
	assert_string_not_equal(err.hint, "");
	assert_int_equal(chmod(scratch_path(dir, "repo.json"), 0666), 0);
	assert_int_equal(repo_file_load(&r, dir, &err), ERR_REFUSED);
}

static void save_one(const char *state_dir, const char *name, const char *id)
{
	struct error err = ERROR_INIT;
	struct repo_file r = REPO_FILE_INIT;
	struct buf path = BUF_INIT;

	buf_addf(&path, "%s/journal/%s", state_dir, name);
	assert_int_equal(fs_mkdirs(path.data, 0700, &err), 0);
	memcpy(r.id, id, ID_HEX_SIZE);
	r.name = strdup(name);
	r.journal = strdup(path.data);
	assert_int_equal(repo_file_save(&r, &err), 0);
	repo_file_release(&r);
	buf_release(&path);
}

static void every_readable_repository_is_listed(void **state)
{
	struct repo_file_list list = { .v = NULL };
	struct error err = ERROR_INIT;
	struct buf path = BUF_INIT;

	(void)state;
	assert_int_equal(repo_file_list_load(&list, dir, &err), 0);
	assert_int_equal(list.n, 0);
	save_one(dir, "b", ID2);
	save_one(dir, "a", ID1);
	save_one(dir, "c", ID2);
	buf_addf(&path, "%s/journal/c/repo.json", dir);
	assert_int_equal(fs_replace(path.data, "{", 1, 0600, false, &err), 0);
	buf_clear(&path);
	buf_addf(&path, "%s/journal/empty", dir);
	assert_int_equal(fs_mkdirs(path.data, 0700, &err), 0);
	assert_int_equal(repo_file_list_load(&list, dir, &err), 0);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0].name, "a");
	assert_string_equal(list.v[1].name, "b");
	repo_file_list_release(&list);
	buf_release(&path);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_saved_is_loaded),
		TEST(ids_are_checked),
		TEST(a_damaged_file_is_refused),
		TEST(newer_missing_and_public_files_are_refused),
		TEST(every_readable_repository_is_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
