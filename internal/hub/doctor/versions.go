package doctor

import (
	"context"
	"runtime"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/shirou/gopsutil/v4/host"

	"github.com/standardbeagle/brum/session"
)

func versionFindings(ctx context.Context, brum string) []Finding {
	a := on(Versions)
	return []Finding{
		a.ok("brum", "%s", brum),
		a.ok("go", "%s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH),
		a.ok("system", "%s", systemVersion(ctx)),
		a.ok("session protocol", "%d", session.ProtocolVersion),
		mcpVersion(ctx),
	}
}

// systemVersion names the system and its kernel, as far as it can be found out.
func systemVersion(ctx context.Context) string {
	parts := []string{}
	if name, _, version, err := host.PlatformInformationWithContext(ctx); err == nil {
		parts = append(parts, name, version)
	}
	if kernel, err := host.KernelVersionWithContext(ctx); err == nil {
		parts = append(parts, "kernel", kernel)
	}
	if s := strings.Join(strings.Fields(strings.Join(parts, " ")), " "); s != "" {
		return s
	}
	return "unknown"
}

// mcpVersion finds the version of MCP by shaking hands, as a client of this version would.
func mcpVersion(ctx context.Context) Finding {
	ours := &mcp.Implementation{Name: "brum-hub doctor", Version: "0"}
	near, far := mcp.NewInMemoryTransports()
	server, err := mcp.NewServer(ours, nil).Connect(ctx, far, nil)
	if err != nil {
		return on(Versions).finding(Broken, "mcp", line(err), "report it")
	}
	defer server.Close()
	client, err := mcp.NewClient(ours, nil).Connect(ctx, near, nil)
	if err != nil {
		return on(Versions).finding(Broken, "mcp", line(err), "report it")
	}
	defer client.Close()
	return on(Versions).ok("mcp", "%s", client.InitializeResult().ProtocolVersion)
}
