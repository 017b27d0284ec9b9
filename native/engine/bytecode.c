/*
 * The build's compiler: `bytecode OUT DIR FILE...` writes one file with the JavaScript modules FILE (below DIR) as bytecode
 * and other files as they are, in the form that payload.c reads. Source text is left out, line numbers stay.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quickjs.h>

static char *read_whole(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		exit(1);
	}
	fseek(file, 0, SEEK_END);
	*size = (size_t)ftell(file);
	rewind(file);
	char *text = malloc(*size + 1);
	if (!text || fread(text, 1, *size, file) != *size) {
		perror(path);
		exit(1);
	}
	text[*size] = '\0';
	fclose(file);
	return text;
}

/* struct file of payload.c. */
static void emit(FILE *out, const char *name, const void *bytes, size_t size)
{
	static const char zeros[8];
	uint32_t head[] = {*name ? (uint32_t)strlen(name) + 1 : 0, (uint32_t)size};
	size_t length = sizeof(head) + head[0] + size + 1;

	fwrite(head, sizeof(head), 1, out);
	fwrite(name, head[0], 1, out);
	fwrite(bytes, size, 1, out);
	fwrite(zeros, 1 + -length % 8, 1, out);
}

static void emit_module(FILE *out, JSContext *ctx, const char *name, const char *text, size_t size)
{
	JSValue module = JS_Eval(ctx, text, size, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
	if (JS_IsException(module)) {
		JSValue error = JS_GetException(ctx);
		const char *message = JS_ToCString(ctx, error);
		fprintf(stderr, "%s: %s\n", name, message);
		exit(1);
	}
	size_t bytecode_size;
	uint8_t *bytecode = JS_WriteObject(ctx, &bytecode_size, module, JS_WRITE_OBJ_BYTECODE);
	emit(out, name, bytecode, bytecode_size);
	js_free(ctx, bytecode);
}

/* Imports are resolved when the binary runs; here they only have to parse. */
static JSModuleDef *no_loader(JSContext *ctx, const char *name, void *opaque)
{
	(void)opaque;
	JSValue empty = JS_Eval(ctx, "", 0, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
	return JS_VALUE_GET_PTR(empty);
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: %s OUT DIR FILE...\n", argv[0]);
		return 1;
	}
	FILE *out = fopen(argv[1], "wb");
	if (!out) {
		perror(argv[1]);
		return 1;
	}
	JSRuntime *runtime = JS_NewRuntime();
	JSContext *ctx = JS_NewContext(runtime);
	JS_SetStripInfo(runtime, JS_STRIP_SOURCE);
	JS_SetModuleLoaderFunc(runtime, NULL, no_loader, NULL);

	for (char **name = argv + 3; *name; name++) {
		char path[4096];
		size_t size;
		const char *suffix = strrchr(*name, '.'), *slash = strrchr(*name, '/');

		/* what has a path is not of DIR; it is known by its last name */
		snprintf(path, sizeof path, "%s%s%s", slash ? "" : argv[2], slash ? "" : "/", *name);
		char *text = read_whole(path, &size);
		if (suffix && !strcmp(suffix, ".js"))
			emit_module(out, ctx, *name, text, size);
		else
			emit(out, slash ? slash + 1 : *name, text, size);
		free(text);
	}
	/* the end: a file without a name */
	emit(out, "", "", 0);
	return fclose(out) ? 1 : 0;
}
