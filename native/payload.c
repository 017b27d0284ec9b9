/*
 * Starting QuickJS and reading our modules takes two milliseconds, always with the same result. So the build does it
 * once: it saves the heap, and appends it to the binary. A start is then a private mapping of our own file: pages
 * that are never touched are never read, pages that are written are copied. At the end of the file:
 *
 *   padding to a page | heap image | offsets of its words to relocate, 32 bits each | files | struct trailer
 *
 * The heap is always at HEAP_BASE, so its pointers into itself hold. Those into the binary (functions, tables) are saved
 * relative to its first byte, since the binary is loaded at a random address (static-pie).
 */
#define _GNU_SOURCE
#include "payload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "heap.h"

#define MAGIC UINT64_C(0x31646170676e7572) /* "rungpad1", as scripts/build.mjs writes it */
#define PAGE 4096u

struct trailer {
	/* where the payload begins, a multiple of PAGE */
	uint64_t offset;
	/* bytes of the image, 0 when there is none */
	uint64_t image;
	/* number of relocations */
	uint64_t relocations;
	uint64_t magic;
};

/* A file: this head, the name with its 0, the bytes with a 0, padding to 8. The last one has no name. */
struct file {
	uint32_t name_size, size;
	char name[];
};

extern char __executable_start[], _end[];

static const struct file *files;
/* where the trailer begins */
static const char *files_end;

/* False at the last one, and where a damaged binary ends in the middle of one. */
static bool is_there(const struct file *file)
{
	const char *at = (const char *)file;
	size_t room = at < files_end ? (size_t)(files_end - at) : 0;

	return room >= sizeof(*file) && file->name_size > 0 &&
	       (size_t)file->name_size + file->size + 1 <= room - sizeof(*file) && file->name[file->name_size - 1] == 0;
}

static const struct file *after(const struct file *file)
{
	size_t length = sizeof(*file) + file->name_size + file->size + 1;
	return (const struct file *)((const char *)file + ((length + 7) & ~(size_t)7));
}

static const struct file *find(const char *name)
{
	for (const struct file *file = files; is_there(file); file = after(file))
		if (!strcmp(file->name, name))
			return file;
	return NULL;
}

const char *payload_find(const char *name, size_t *size)
{
	const struct file *file = find(name);

	*size = file ? file->size : 0;
	return file ? file->name + file->name_size : NULL;
}

/* What the trailer says about itself can be: all parts are in the file. */
static bool is_sound(const struct trailer *trailer, uint64_t file_size)
{
	uint64_t room = file_size - sizeof(*trailer);

	if (trailer->magic != MAGIC || trailer->offset > room || trailer->offset % PAGE || trailer->image % PAGE)
		return false;
	room -= trailer->offset;
	return trailer->image <= room && trailer->relocations < (room - trailer->image) / sizeof(uint32_t);
}

static bool read_trailer(int self, struct trailer *trailer, size_t *length)
{
	struct stat file;

	if (self < 0 || fstat(self, &file) < 0 || file.st_size < (off_t)sizeof(*trailer) ||
	    pread(self, trailer, sizeof(*trailer), file.st_size - (off_t)sizeof(*trailer)) != sizeof(*trailer))
		return false;
	*length = (size_t)file.st_size - trailer->offset;
	/* somebody has stripped the binary */
	errno = ENOEXEC;
	return is_sound(trailer, (uint64_t)file.st_size);
}

/* The pointers into the binary; false when one would not lie in the image. */
static bool relocate(char *base, const struct trailer *trailer, const uint32_t *offsets)
{
	for (uint64_t i = 0; i < trailer->relocations; i++) {
		if (offsets[i] % sizeof(uint64_t) || offsets[i] >= trailer->image)
			return false;
		*(uint64_t *)(base + offsets[i]) += (uint64_t)__executable_start;
	}
	return true;
}

enum payload payload_map(void)
{
	struct trailer trailer;
	size_t length;
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char *base = MAP_FAILED;

	if (read_trailer(self, &trailer, &length))
		base = mmap(trailer.image ? HEAP_BASE : NULL, length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | (trailer.image ? MAP_FIXED_NOREPLACE : 0), self, (off_t)trailer.offset);
	if (self >= 0)
		close(self);
	/* before Linux 4.17 the address is only a wish */
	if (base == MAP_FAILED || (trailer.image && base != HEAP_BASE))
		return PAYLOAD_MISSING;
	const uint32_t *offsets = (const uint32_t *)(base + trailer.image);
	files = (const struct file *)(offsets + ((trailer.relocations + 1) & ~UINT64_C(1)));
	files_end = base + length - sizeof(trailer);
	errno = ENOEXEC;
	if (!relocate(base, &trailer, offsets))
		return PAYLOAD_MISSING;
	return trailer.image ? PAYLOAD_IMAGE : PAYLOAD_FILES;
}

static bool write_all(int fd, const void *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t count = write(fd, (const char *)bytes + done, size - done);
		if (count <= 0)
			return false;
		done += (size_t)count;
	}
	return true;
}

/* Addresses on the saver's stack mean nothing to anybody else, and would make each build different. */
static bool on_stack(uint64_t word, const void *here)
{
	return word > (uint64_t)here - (8u << 20) && word < (uint64_t)here + (8u << 20);
}

bool payload_save_image(int fd)
{
	size_t size = (size_t)(HEAP->next - HEAP_BASE + PAGE - 1) & ~(size_t)(PAGE - 1);
	uint64_t *words = (uint64_t *)HEAP_BASE;
	/* the unused end of the heap's room serves as memory for the offsets */
	uint32_t *offsets = (uint32_t *)(HEAP_BASE + size);
	struct trailer trailer = {.image = size, .magic = MAGIC};

	HEAP->end = HEAP_BASE + size;
	/* each word may need one */
	if (HEAP->next < HEAP_BASE || size + size / sizeof(*words) * sizeof(*offsets) > HEAP_IMAGE_ROOM)
		return false;
	for (size_t i = 0; i < size / sizeof(*words); i++) {
		if (words[i] >= (uint64_t)__executable_start && words[i] < (uint64_t)_end) {
			words[i] -= (uint64_t)__executable_start;
			offsets[trailer.relocations++] = (uint32_t)(i * sizeof(*words));
		} else if (on_stack(words[i], &trailer)) {
			words[i] = 0;
		}
	}
	size_t padded = (trailer.relocations + 1) & ~UINT64_C(1);
	return write_all(fd, words, size) && write_all(fd, offsets, padded * sizeof(*offsets)) &&
	       write_all(fd, &trailer, sizeof(trailer));
}
