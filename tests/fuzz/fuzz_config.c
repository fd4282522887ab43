#include <string.h>

#include "core/config.h"
#include "core/text.h"
#include "fuzz/fuzz.h"
#include "fuzz/place.h"

static void on_warning(void *arg, const char *text)
{
	(void)arg;
	HOLDS(*text && !strchr(text, '\n') && !strchr(text, '\x1b'));
}

/* Whatever a repository's file holds: settings that its keys allow, or a refusal in one line. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct config_sources sources = {
		.repository_file = "f",
		.repository_text = (const char *)data,
		.repository_text_len = size,
		.user_file = fuzz_absent(),
		.warn = on_warning,
	};
	struct error err = ERROR_INIT;
	struct config *c = NULL;

	HOLDS(setenv("HOME", fuzz_absent(), 1) == 0);
	if (config_load(&c, &sources, &err)) {
		HOLDS(!c && err.code == ERR_USAGE);
		HOLDS(*err.msg && !strchr(err.msg, '\n') && !strchr(err.msg, '\x1b'));
		HOLDS(text_is_utf8(err.msg, strlen(err.msg)));
		return 0;
	}
	for (size_t i = 0; i < n_config_keys; i++) {
		const struct config_key *k = &config_keys[i];

		HOLDS(!k->default_value || config_get(c, k->name));
		HOLDS(config_level(c, k->name) != CONFIG_REPOSITORY ||
			(!config_needs_trust(k, config_raw(c, k->name)) &&
				!config_is_credential(k, config_raw(c, k->name))));
		HOLDS(config_get_int(c, k->name) >= 0 && config_get_ms(c, k->name) >= 0);
	}
	config_free(c);
	return 0;
}
