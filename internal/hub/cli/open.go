package cli

import (
	"errors"
	"fmt"
	"html"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/standardbeagle/brum/internal/hub/control"
)

func (a *app) openCommand() *cobra.Command {
	var printOnly bool
	cmd := &cobra.Command{
		Use:   "open",
		Short: "Open the hub's page in a browser",
		Long: "Prints a link to the hub's page and opens it in a browser. The link lets one browser in, once,\n" +
			"within two minutes; that browser then stays logged in for a week.",
		Args: args(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			login, err := a.client().Login(cmd.Context())
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintln(a.Out, login.URL); err != nil || printOnly {
				return err
			}
			if err := openBrowser(login.URL); err != nil {
				fmt.Fprintf(a.Err, "brum-hub: no browser was opened (%s): open the link yourself\n", plain(err.Error()))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&printOnly, "print", false, "only print the link")
	return cmd
}

// openBrowser has a browser open link. What other users of the machine can see, the arguments
// of the browser, names a file that only this user can read, and that leads to the link.
func openBrowser(link string) error {
	command, err := browser()
	if err != nil {
		return err
	}
	file, err := linkFile(link)
	if err != nil {
		return err
	}
	path := filepath.ToSlash(file)
	if !strings.HasPrefix(path, "/") { // C:/…
		path = "/" + path
	}
	cmd := exec.Command(command[0], append(command[1:], (&url.URL{Scheme: "file", Path: path}).String())...)
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(browserPatience): // it is the browser itself
		return nil
	}
}

// browserPatience is how long a program that opens files may take to fail.
const browserPatience = 3 * time.Second

// browser is the command that opens files in the user's browser.
func browser() ([]string, error) {
	if b := os.Getenv("BROWSER"); b != "" {
		return []string{b}, nil
	}
	switch runtime.GOOS {
	case "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler"}, nil
	case "darwin":
		return []string{"open"}, nil
	}
	if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return nil, errors.New("there is no display")
	}
	return []string{"xdg-open"}, nil
}

// linkFile makes the file that leads to link, in place of that of an earlier one.
func linkFile(link string) (string, error) {
	dir := runtimeDir()
	if err := control.PrivateDir(dir); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(dir, ".open-*")
	if err != nil {
		return "", err
	}
	at := html.EscapeString(link)
	_, err = fmt.Fprintf(f, "<!doctype html><meta charset=utf-8><meta name=referrer content=no-referrer>"+
		"<meta http-equiv=refresh content=\"0;url=%s\"><a href=\"%s\">brum</a>\n", at, at)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	path := filepath.Join(dir, "open.html")
	return path, os.Rename(f.Name(), path)
}
