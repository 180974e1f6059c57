package architecture

// The module's layers, from the top:
//
//	cmd → internal/{hub,instance,demo} → {brum, mcpsession, discovery, power} → {session, wsconn} → errors → std
//
// Package metrics looks at session, power and discovery from beside.
//
// Beside them stand the helpers below internal, which know no layer but errors.

// A layer says which packages of this module a package may import. A name that ends in /...
// stands for the package and all below it.
type layer struct {
	pkg string
	may []string
	why string
}

// The first layer that matches a package is the one that counts.
var layers = []layer{
	{"errors", nil,
		"everything else builds on it"},
	{"session/sessiontest", []string{"session", "errors"},
		"users test their own code with it"},
	{"session/durable", []string{"session", "session/journal", "errors"},
		"it keeps a relation over sessions, one after the other, and knows no transport"},
	{"session/journal", []string{"session", "errors"},
		"it implements what session asks for"},
	{"session", []string{"errors"},
		"the protocol must be testable and explorable without any transport, store or clock"},
	{"wsconn", []string{"errors"},
		"it carries packets, whatever is in them"},
	{"power/internal/...", []string{"power/internal/..."},
		"it holds what the systems tell, before anybody judged it"},
	{"power/...", []string{"power", "power/internal/...", "errors"},
		"whoever wants to know about sleep and networks need not take sessions"},
	{"discovery/...", []string{"errors"},
		"finding instances has nothing to do with how one talks to them"},
	{"mcpsession", []string{"session", "errors"},
		"it works over any session, whatever carries that"},
	{"metrics", []string{"session", "power", "discovery", "errors"},
		"it only looks at what the others tell, and none of them knows of it"},
	{"", []string{"session", "wsconn", "power", "errors"},
		"it joins those that do not know each other, and that is all"},

	{"internal/hub/ledger", []string{"session/journal", "errors", helpers},
		"it is a store, and knows neither instances nor connections"},
	{"internal/hub/...", []string{"internal/hub/...", "", "metrics", "mcpsession", "discovery", "power", "wsconn", "session", "session/journal", "errors", helpers},
		"the hub reaches instances over the wire only"},
	{"internal/instance/...", []string{"internal/instance/...", "", "metrics", "mcpsession", "discovery", "power", "wsconn", "session", "errors", helpers},
		"an instance knows no hub"},
	{"internal/demo/...", []string{"internal/demo/...", "discovery", "errors", helpers, "internal/faultproxy"},
		"the demo uses the programs as their users do"},

	{"internal/metricsdoc", []string{"metrics", "internal/hub/..."},
		"it writes down what the others say of themselves"},
	{"internal/powerwatch", []string{"power"},
		"it shows people what power sees"},
	{"internal/faultproxy", nil,
		"it breaks TCP connections, whatever they carry"},
	{"internal/architecture", nil,
		"it holds tests only"},
	{"internal/...", []string{"errors", helpers},
		"helpers serve all layers, so they stand on none"},

	{"cmd/brum-hub", []string{"internal/hub/...", "discovery", "power", "session", "wsconn", "", "errors", helpers},
		"one program does not contain the other"},
	{"cmd/brum-instance", []string{"internal/instance/...", "discovery", "power", "session", "wsconn", "", "errors", helpers},
		"one program does not contain the other"},
	{"cmd/brum-demo", []string{"internal/demo/...", "errors", helpers},
		"the demo uses the programs as their users do"},
	{"test/...", []string{"test/...", "", "mcpsession", "discovery", "power", "session", "wsconn", "errors", helpers, "internal/faultproxy"},
		"integration tests use the programs as their users do"},
}

// helpers stands for the packages below internal that no layer above names.
const helpers = "internal helpers"

// A bar keeps an import out of packages: of those in of, or of all but those in but.
type bar struct {
	imports string
	of, but []string
	why     string
}

var bars = []bar{
	{imports: "net/http", of: []string{"session"}, why: "session knows no transport"},
	{imports: "net", of: []string{"session"}, why: "session knows no transport"},
	{imports: "os", of: []string{"session"}, why: "session keeps its state in memory; a journal is handed to it"},
	{imports: "syscall", of: []string{"session"}, why: "session behaves the same on every system"},
	{imports: "github.com/coder/websocket", but: []string{"wsconn"}, why: "one package owns what WebSockets are about"},
	{imports: "github.com/fsnotify/fsnotify", but: []string{"discovery"}, why: "one package owns the watching of files"},
	{imports: "github.com/gofrs/flock", but: []string{"discovery", "session/journal", "internal/..."}, why: "the rest of the session layer touches no files"},
	{imports: "github.com/shirou/gopsutil/v4/...", but: []string{"discovery", "power", "internal/..."}, why: "the session layer knows no processes"},
	{imports: "github.com/godbus/dbus/v5", but: []string{"power", "test/power"}, why: "one package owns what logind says"},
	{imports: "github.com/mdlayher/netlink", but: []string{"power"}, why: "one package owns the watching of networks"},
	{imports: "github.com/ebitengine/purego", but: []string{"power/..."}, why: "one package calls into macOS"},
	{imports: "github.com/spf13/cobra", but: []string{"cmd/...", "internal/..."}, why: "libraries have no command line"},
	{imports: "github.com/modelcontextprotocol/go-sdk/...", but: []string{"mcpsession", "internal/hub/...", "internal/instance/...", "cmd/..."},
		why: "sessions carry bytes; what is in them is the application's"},
	{imports: "github.com/standardbeagle/brum/internal/faultproxy", but: []string{"internal/demo/...", "test/..."},
		why: "breaking connections is for tests and the demo"},
	{imports: "github.com/prometheus/...", but: []string{"metrics", "internal/hub/...", "internal/instance/..."},
		why: "whoever uses the libraries chooses what watches them"},
	{imports: "unsafe", of: []string{"session", "wsconn", "errors", "mcpsession", ""}, why: "what reads the network stays memory-safe"},
	{imports: "log", but: []string{"internal/..."}, why: "logs go through log/slog"},
}
