/* The whole content of the smallest container: one static program, no shell, no library. */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
	char host[64];

	gethostname(host, sizeof host);
	printf("Hello from process %d on \"%s\", user %d.\n", getpid(), host, getuid());
	return 0;
}
