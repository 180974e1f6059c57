package api

import "time"

// Login is a way into the hub's page.
type Login struct {
	URL       string    `json:"url"` // works once
	ExpiresAt time.Time `json:"expires_at"`
}

// Pass is the page's half of what it has to show with each request; the other is a cookie.
type Pass struct {
	Page      string    `json:"page"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Live is what changed in a hub's status.
type Live struct {
	Full      bool       `json:"full"` // these are all instances there are
	At        time.Time  `json:"at"`
	Hub       HubStatus  `json:"hub"`
	Instances []Instance `json:"instances"` // that are new, or not as they were told last
	Gone      []string   `json:"gone"`      // ids
}
