package slip

import (
	"errors"

	"github.com/spf13/pflag"
)

// FlagHint is Hint for the flag that err, which parsing flags gave, says there is not; ""
// for other errors.
func FlagHint(flags *pflag.FlagSet, err error) string {
	missing, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return ""
	}
	var names []string
	flags.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, "--"+f.Name)
		}
	})
	return Hint("--"+missing.GetSpecifiedName(), names)
}
