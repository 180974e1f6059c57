package hub

import (
	"errors"

	"github.com/standardbeagle/brum/internal/hub/api"
	"github.com/standardbeagle/brum/internal/limits"
)

// usage tells how much the hub uses of what it may use.
func (h *Hub) usage() api.Limits {
	return api.Limits{
		Connections: h.seats.usage(),
		HTTP:        clients(h.cfg.HTTPClients),
		Control:     clients(h.cfg.ControlClients),
		MemoryBytes: api.Usage{Used: h.cfg.Memory.Used(), Limit: h.cfg.Memory.Limit(), Refused: h.starved.Load()},
		Files:       api.Usage{Used: int64(limits.OpenFiles()), Limit: int64(limits.MaxFiles())},
	}
}

func clients(usage func() api.Clients) api.Clients {
	if usage == nil {
		return api.Clients{}
	}
	return usage()
}

// admit refuses new work while there is too little memory.
func (h *Hub) admit() error {
	full, ok := errors.AsType[*limits.FullError](h.cfg.Memory.Check())
	if !ok {
		return nil
	}
	h.starved.Add(1)
	return overloaded(full)
}
