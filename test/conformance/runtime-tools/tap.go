// Package tap prints results in the Test Anything Protocol: the one import of the runtime-tools suite that Debian does
// not package. Its interface is what the suite calls; each writes to standard output.
package tap

import (
	"encoding/json"
	"fmt"
	"strings"
)

// T counts the assertions of one test.
type T struct {
	count int
	todo  bool
}

// New has printed nothing yet.
func New() *T { return &T{} }

// Header prints the version, and the plan when the number of assertions is known.
func (t *T) Header(planned int) {
	fmt.Println("TAP version 13")
	if planned > 0 {
		fmt.Printf("1..%d\n", planned)
	}
}

// Ok prints one assertion.
func (t *T) Ok(passed bool, description string) {
	verdict := "ok"
	if !passed {
		verdict = "not ok"
	}
	t.print(verdict, " - "+strings.ReplaceAll(description, "\n", " "))
}

// Pass prints an assertion that holds.
func (t *T) Pass(description string) { t.Ok(true, description) }

// Fail prints one that does not.
func (t *T) Fail(description string) { t.Ok(false, description) }

// Skip prints assertions that were not made, and why.
func (t *T) Skip(count int, reason string) {
	for i := 0; i < count; i++ {
		t.print("ok", " # SKIP "+reason)
	}
}

// Todo gives a T whose assertions are not expected to hold yet.
func (t *T) Todo() *T { return &T{count: t.count, todo: true} }

// AutoPlan prints the plan after the assertions.
func (t *T) AutoPlan() { fmt.Printf("1..%d\n", t.count) }

// Diagnostic prints a comment.
func (t *T) Diagnostic(text string) {
	fmt.Println("# " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n# "))
}

// Diagnosticf prints a comment.
func (t *T) Diagnosticf(format string, values ...interface{}) {
	t.Diagnostic(fmt.Sprintf(format, values...))
}

// YAML prints details of the last assertion; JSON is YAML.
func (t *T) YAML(details interface{}) error {
	text, err := json.MarshalIndent(details, "  ", "  ")
	if err == nil {
		fmt.Printf("  ---\n  %s\n  ...\n", text)
	}
	return err
}

func (t *T) print(verdict, rest string) {
	t.count++
	if t.todo {
		rest += " # TODO"
	}
	fmt.Printf("%s %d%s\n", verdict, t.count, rest)
}
