/*
 * Compiles a filter for the floor, which loads it ready-made: rules on stdin, the kernel's program on stdout.
 *
 * A line is "NAME ACTION [INDEX OP VALUE VALUE_TWO]", the action being "allow" or an errno, and OP a number of
 * scmp_compare; the line "*" gives the default action. Calls that libseccomp does not know are left out.
 */
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t action_of(const char *word)
{
	return strcmp(word, "allow") == 0 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO((uint32_t)atoi(word));
}

int main(void)
{
	static const uint32_t foreign[] = { SCMP_ARCH_X86, SCMP_ARCH_X32 };
	char line[256], name[64], action[16];
	scmp_filter_ctx filter = NULL;

	while (fgets(line, sizeof line, stdin)) {
		unsigned index = 0, op = 0;
		unsigned long long value = 0, value_two = 0;
		int words = sscanf(line, "%63s %15s %u %u %llu %llu", name, action, &index, &op, &value, &value_two);
		struct scmp_arg_cmp comparison = { index, (enum scmp_compare)op, value, value_two };
		int number, failed;

		if (*name == '*') {
			filter = seccomp_init(action_of(action));
			seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
			if (seccomp_arch_native() == SCMP_ARCH_X86_64)
				for (size_t one = 0; one < sizeof foreign / sizeof *foreign; one++)
					seccomp_arch_add(filter, foreign[one]);
			continue;
		}
		if (!filter || (number = seccomp_syscall_resolve_name(name)) == __NR_SCMP_ERROR)
			continue;
		failed = seccomp_rule_add_array(filter, action_of(action), number, words > 2, &comparison);
		if (failed) {
			fprintf(stderr, "seccomp-bpf: %s: %s\n", name, strerror(-failed));
			return 1;
		}
	}
	return filter && seccomp_export_bpf(filter, 1) == 0 ? 0 : 1;
}
