package discovery

import (
	"encoding/json"
	"time"
)

// format is the version of the file's layout; brummer's files have none.
const format = 1

// record is the content of a file. Up to Process it is brummer's; its hubs read
// ours, and ignore the rest.
type record struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Directory string        `json:"directory"`
	Port      int           `json:"port"`
	StartedAt time.Time     `json:"started_at"`
	LastPing  time.Time     `json:"last_ping"`
	Process   recordProcess `json:"process_info"`

	Format     int          `json:"format,omitzero"`
	SessionURL string       `json:"session_url,omitzero"`
	Protocol   VersionRange `json:"protocol,omitzero"`
	Token      string       `json:"token,omitzero"`
	BootID     string       `json:"boot_id,omitzero"`
	Host       Host         `json:"host,omitzero"`
}

type recordProcess struct {
	PID        int    `json:"pid"`
	Executable string `json:"executable"`
	Start      string `json:"start,omitzero"`
}

// decode reads the content of the file of instance id.
func decode(data []byte, id string) (Instance, error) {
	var r record
	err := json.Unmarshal(data, &r)
	if err != nil {
		// In a later format anything may have changed its type.
		var version struct{ Format int }
		if json.Unmarshal(data, &version) == nil {
			r.Format = version.Format
		}
	}
	if r.Format > format {
		return Instance{}, invalid("it has format %d, written by a newer version; this one knows %d", r.Format, format)
	}
	if err != nil {
		return Instance{}, invalid("%w", err)
	}
	i := Instance{
		ID: r.ID, Name: r.Name, Directory: r.Directory, Port: r.Port,
		StartedAt: r.StartedAt.UTC(), LastPing: r.LastPing.UTC(),
		SessionURL: r.SessionURL, Protocol: r.Protocol, Token: Token(r.Token), Host: r.Host,
		Process: Process{PID: r.Process.PID, Executable: r.Process.Executable, Start: r.Process.Start, BootID: r.BootID},
	}
	if i.ID != id {
		return Instance{}, invalid("it says that it is %.140q", i.ID)
	}
	return i, i.validate()
}

func encode(i Instance) ([]byte, error) {
	data, err := json.MarshalIndent(record{
		ID: i.ID, Name: i.Name, Directory: i.Directory, Port: i.Port,
		StartedAt: i.StartedAt.UTC(), LastPing: i.LastPing.UTC(),
		Process: recordProcess{PID: i.Process.PID, Executable: i.Process.Executable, Start: i.Process.Start},
		Format:  format, SessionURL: i.SessionURL, Protocol: i.Protocol, Token: string(i.Token),
		BootID: i.Process.BootID, Host: i.Host,
	}, "", "  ")
	if err != nil {
		return nil, invalid("%w", err)
	}
	if len(data) > maxFile {
		return nil, tooLarge(int64(len(data)))
	}
	return append(data, '\n'), nil
}
