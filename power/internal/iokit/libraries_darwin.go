package iokit

// apple names the frameworks. Since macOS 11 they are not on disk: the dynamic linker has them.
var apple = libraries{
	ioKit:          "/System/Library/Frameworks/IOKit.framework/IOKit",
	coreFoundation: "/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation",
}
