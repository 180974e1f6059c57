// Package errors says what kind of failure an error is, whether trying again
// can help and when, and in which operation on which instance it happened.
//
//	conn, err := dial(ctx, instance.URL)
//	if err != nil {
//		return errors.Wrap(err, errors.Error{Op: "dial", Instance: instance.ID, Attempt: n, Time: now})
//	}
//	...
//	switch errors.Of(err) {
//	case errors.Refused: // nobody listens
//	case errors.Superseded: // another process has taken over
//	}
//
// Of answers "what is this failure": the outermost error in the tree that says
// it decides. errors.Is(err, errors.Refused) answers another question: "did
// something in the tree declare itself refused".
//
// Classification looks at types and values, never at text. An error of another
// package joins in by having a method ErrorKind() Kind; see Kinded.
//
// Is, As, AsType, Join, New, Unwrap and ErrUnsupported are the standard
// library's, so that a file needs one import of that name.
package errors
