/* The command line of the init becomes its plan. */
#include "plan.h"

#include "text.h"

_Noreturn static void refuse(const char *word)
{
	say("this is not for me: ", word ? word : "the end of the command line");
	leave(1);
}

static long number(const char *word, char end, const char **rest)
{
	long value = 0;
	const char *at = word;

	for (; at && *at >= '0' && *at <= '9' && value <= LARGEST_NUMBER; at++)
		value = value * 10 + (*at - '0');
	if (!at || at == word || *at != end || value > LARGEST_NUMBER)
		refuse(word);
	if (rest)
		*rest = at + 1;
	return value;
}

static int signal_number(const char *word, char end, const char **rest)
{
	long value = number(word, end, rest);

	if (value > LAST_SIGNAL)
		refuse(word);
	return (int)value;
}

static void read_mode(struct plan *plan, const char *word)
{
	if (!word)
		refuse(word);
	plan->group = same(word, "group");
	plan->linger = same(word, "graceful") || same(word, "supervise");
	if (!plan->group && !plan->linger && !same(word, "forward") && !same(word, "pause"))
		refuse(word);
}

static struct command *add(struct plan *plan, enum kind kind, char **argv)
{
	if (plan->count == MOST_COMMANDS || !*argv)
		refuse(*argv);
	struct command *command = &plan->commands[plan->count++];

	command->kind = kind;
	command->argv = argv;
	return command;
}

/* COUNT WORD…; where the next words begin. What stood there has been read already when the end is put there. */
static char **read_command(struct plan *plan, enum kind kind, char **at)
{
	const char *word = *at++;
	long count = number(word, '\0', NULL);

	if (count == 0)
		refuse(word);
	add(plan, kind, at);
	for (; count > 0; count--)
		if (!*at++)
			refuse(NULL);
	return at;
}

void read_plan(struct plan *plan, char **argv)
{
	char **at = argv[0] ? argv + 1 : argv;

	for (int signal = 0; signal <= LAST_SIGNAL; signal++)
		plan->remap[signal] = (unsigned char)signal;
	plan->stop = signal_bit(SIGTERM);
	read_mode(plan, *at++);
	while (*at) {
		char **begin = at;
		const char *word = *at++, *rest;

		if (same(word, "remap")) {
			int from = signal_number(*at++, '=', &rest);
			plan->remap[from] = (unsigned char)signal_number(rest, '\0', NULL);
		} else if (same(word, "deadline")) {
			plan->deadline = number(*at++, '\0', NULL);
		} else if (same(word, "stop")) {
			word = *at++;
			int signal = signal_number(word, '\0', NULL);
			if (signal == 0)
				refuse(word);
			plan->stop |= signal_bit(signal);
		} else if (same(word, "fds")) {
			plan->fds = (int)number(*at++, '\0', NULL);
		} else if (same(word, "setup")) {
			at = read_command(plan, SETUP, at);
		} else if (same(word, "watched")) {
			at = read_command(plan, WATCHED, at);
		} else if (same(word, "helper")) {
			at = read_command(plan, HELPER, at);
		} else if (same(word, "--") && *at) {
			add(plan, WATCHED, at + 1)->path = *at;
			while (*at)
				at++;
		} else {
			refuse(word);
		}
		/* the end of the command before this word */
		*begin = NULL;
	}
}
