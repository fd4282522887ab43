/*
 * In the minsky-hook that is linked with musl alone: no loader has started it, and musl leaves
 * writable what the linker has laid out to be written by the start's relocations and never again.
 */
#include <link.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>

/* From the linker: where the program's first byte is. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

__attribute__((constructor)) static void protect(void)
{
	uintptr_t begin = (uintptr_t)&__ehdr_start, page = getauxval(AT_PAGESZ);
	uintptr_t base = __ehdr_start.e_type == ET_DYN ? begin : 0;
	const ElfW(Phdr) *headers = (const void *)(begin + __ehdr_start.e_phoff);

	for (size_t i = 0; i < __ehdr_start.e_phnum; i++) {
		uintptr_t from = (base + headers[i].p_vaddr) & ~(page - 1);
		uintptr_t to = (base + headers[i].p_vaddr + headers[i].p_memsz) & ~(page - 1);

		if (headers[i].p_type == PT_GNU_RELRO && from < to)
			(void)mprotect((void *)from, to - from, PROT_READ);
	}
}
