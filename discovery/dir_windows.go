package discovery

import (
	"fmt"
	"io/fs"
	"runtime"
	"unsafe"

	"github.com/standardbeagle/brum/errors"
	"golang.org/x/sys/windows"
)

const openFlags = 0

// self returns the SIDs that may own and read what is private to this user: the
// user's own, the system's, and that of the administrators, who can take
// ownership of anything anyway and own what an elevated process makes.
func self() (user *windows.SID, trusted []*windows.SID, err error) {
	token, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, nil, fmt.Errorf("token of this process: %w", err)
	}
	user = token.User.Sid
	trusted = []*windows.SID{user}
	for _, known := range []windows.WELL_KNOWN_SID_TYPE{windows.WinLocalSystemSid, windows.WinBuiltinAdministratorsSid} {
		sid, err := windows.CreateWellKnownSid(known)
		if err != nil {
			return nil, nil, fmt.Errorf("well-known SID %d: %w", known, err)
		}
		trusted = append(trusted, sid)
	}
	return user, trusted, nil
}

func among(sid *windows.SID, list []*windows.SID) bool {
	for _, other := range list {
		if sid.Equals(other) {
			return true
		}
	}
	return false
}

// restrict gives path an access list of its own, with this user only.
func restrict(path string) error {
	user, _, err := self()
	if err != nil {
		return err
	}
	acl, err := windows.ACLFromEntries([]windows.EXPLICIT_ACCESS{{
		AccessPermissions: windows.GENERIC_ALL,
		AccessMode:        windows.SET_ACCESS,
		Inheritance:       windows.SUB_CONTAINERS_AND_OBJECTS_INHERIT,
		Trustee: windows.TRUSTEE{
			TrusteeForm:  windows.TRUSTEE_IS_SID,
			TrusteeType:  windows.TRUSTEE_IS_USER,
			TrusteeValue: windows.TrusteeValueFromSID(user),
		},
	}}, nil)
	runtime.KeepAlive(user)
	if err != nil {
		return fmt.Errorf("access list for %s: %w", path, err)
	}
	err = windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
		windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, acl, nil)
	if err != nil {
		return fmt.Errorf("access list of %s: %w", path, err)
	}
	return nil
}

// exposure says who else owns path or has access to it; empty if nobody.
func exposure(path string) (string, error) {
	_, trusted, err := self()
	if err != nil {
		return "", err
	}
	sd, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT,
		windows.OWNER_SECURITY_INFORMATION|windows.DACL_SECURITY_INFORMATION)
	if err != nil {
		return "", fmt.Errorf("security of %s: %w", path, err)
	}
	owner, _, err := sd.Owner()
	if err != nil {
		return "", fmt.Errorf("owner of %s: %w", path, err)
	}
	if !among(owner, trusted) {
		return "belongs to " + owner.String() + " and not to you", nil
	}
	acl, _, err := sd.DACL()
	if err != nil || acl == nil {
		return "is open to everyone", nil
	}
	for n := range uint32(acl.AceCount) {
		var ace *windows.ACCESS_ALLOWED_ACE
		if err := windows.GetAce(acl, n, &ace); err != nil {
			return "", fmt.Errorf("access list of %s: %w", path, err)
		}
		if ace.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE || ace.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0 {
			continue
		}
		if sid := (*windows.SID)(unsafe.Pointer(&ace.SidStart)); !among(sid, trusted) {
			return "is open to " + sid.String(), nil
		}
	}
	return "", nil
}

// checkPrivate closes a directory that others can read: on Windows a directory
// made by someone else's program has whatever access list its parent hands down.
func checkPrivate(dir string, _ fs.FileInfo) error {
	problem, err := exposure(dir)
	if err == nil && problem != "" {
		if err = restrict(dir); err == nil {
			problem, err = exposure(dir)
		}
	}
	if err != nil {
		return &DirError{Path: dir, Problem: "can't be closed to other users", Fix: elsewhere, Err: err}
	}
	if problem != "" {
		return &DirError{Path: dir, Problem: problem, Fix: elsewhere}
	}
	return nil
}

// checkAbove trusts the directories above: those of a profile are closed to
// others by the system.
func checkAbove(string) error { return nil }

func checkFile(path string, _ fs.FileInfo) error {
	problem, err := exposure(path)
	if err != nil {
		return err
	}
	if problem != "" {
		return &errors.Error{Kind: errors.Permission, Err: fmt.Errorf("it %s", problem)}
	}
	return nil
}

// busy: a file that somebody has open can't be replaced or removed.
func busy(err error) bool {
	return errors.Is(err, windows.ERROR_SHARING_VIOLATION) || errors.Is(err, windows.ERROR_ACCESS_DENIED) ||
		errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}

// syncDir: NTFS journals renames.
func syncDir(string) {}
