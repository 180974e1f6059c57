package manpage

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func page4(t *testing.T) string {
	t.Helper()
	nothing := func(*cobra.Command, []string) {}
	root := &cobra.Command{Use: "tool", Short: "Do things", Run: nothing,
		Long: "Does things.\n.so /etc/passwd\n'quoted' back\\slash\n\n  an indented line\n  another one\nand on.\n\nExit codes:\n  0  done\n130  interrupted"}
	sub := &cobra.Command{Use: "sub NAME", Short: "A part", Run: nothing, Example: "  tool sub -n 3"}
	sub.Flags().IntP("number", "n", 7, "how many `things`")
	sub.Flags().Bool("quiet", false, "say nothing")
	sub.Flags().String("dir", "/home/somebody/x", "where")
	sub.Flags().Bool("secret", false, "")
	sub.Flags().MarkHidden("secret")
	root.AddCommand(sub, &cobra.Command{Use: "hidden", Hidden: true, Run: nothing})
	var b strings.Builder
	if err := Write(&b, root); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWrite(t *testing.T) {
	got := page4(t)
	for _, want := range []string{
		`.TH "TOOL" "1" "" "brum" "User Commands"`,
		`tool \- do things`,
		`\&.so /etc/passwd`,          // no macro
		`\(aqquoted\(aq back\eslash`, // no control line, no escape
		"an indented line\nanother one\n.fi\n.RE\nand on.",
		"0  done\n130  interrupted\n.fi",
		`.SS "sub NAME"`,
		".TP\n\\fB\\-n, \\-\\-number\\fR \\fIthings\\fR\nhow many things (default 7)\n",
		`where (default depends on the user)`,
		"tool sub \\-n 3\n.fi",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	for _, bad := range []string{"hidden", "secret", "somebody"} {
		if strings.Contains(got, bad) {
			t.Errorf("tells of %q", bad)
		}
	}
}
