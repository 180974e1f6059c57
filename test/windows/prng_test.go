//go:build integration && linux

package windows

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"testing"
)

// forwardingDLL makes a library for 64-bit x86 without any code: its only function stands for
// one of another library. Programs made by Go 1.26 need bcryptprimitives.dll for its
// ProcessPrng, and wine 8 has none; SystemFunction036 of advapi32 (RtlGenRandom) does the same.
func forwardingDLL(name, function, target string) []byte {
	const (
		sectionAt = 0x1000 // in memory
		fileAlign = 0x200
		optional  = 240 // size of a pe.OptionalHeader64
	)
	exports := exportTable(sectionAt, name, function, target)
	var b bytes.Buffer
	put := func(v any) {
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			panic(err) // all of it has a fixed size
		}
	}
	put([64]byte{0: 'M', 1: 'Z', 60: 64})
	put([4]byte{'P', 'E'})
	put(pe.FileHeader{
		Machine: pe.IMAGE_FILE_MACHINE_AMD64, NumberOfSections: 1, SizeOfOptionalHeader: optional,
		Characteristics: pe.IMAGE_FILE_EXECUTABLE_IMAGE | pe.IMAGE_FILE_LARGE_ADDRESS_AWARE | pe.IMAGE_FILE_DLL,
	})
	put(pe.OptionalHeader64{
		Magic: 0x20b, SizeOfInitializedData: fileAlign, ImageBase: 0x180000000,
		SectionAlignment: sectionAt, FileAlignment: fileAlign,
		MajorOperatingSystemVersion: 6, MajorSubsystemVersion: 6,
		SizeOfImage: 2 * sectionAt, SizeOfHeaders: fileAlign, Subsystem: pe.IMAGE_SUBSYSTEM_WINDOWS_CUI,
		DllCharacteristics:  pe.IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE | pe.IMAGE_DLLCHARACTERISTICS_NX_COMPAT,
		NumberOfRvaAndSizes: 16,
		DataDirectory: [16]pe.DataDirectory{
			pe.IMAGE_DIRECTORY_ENTRY_EXPORT: {VirtualAddress: sectionAt, Size: uint32(len(exports))},
		},
	})
	put(pe.SectionHeader32{
		Name: [8]uint8{'.', 'e', 'd', 'a', 't', 'a'}, VirtualSize: uint32(len(exports)), VirtualAddress: sectionAt,
		SizeOfRawData: fileAlign, PointerToRawData: fileAlign,
		Characteristics: pe.IMAGE_SCN_CNT_INITIALIZED_DATA | pe.IMAGE_SCN_MEM_READ,
	})
	b.Write(make([]byte, fileAlign-b.Len()))
	b.Write(exports)
	b.Write(make([]byte, 2*fileAlign-b.Len()))
	return b.Bytes()
}

// exportTable is an export directory with its strings, for the address at. That the function's
// address lies within makes it a forwarder.
func exportTable(at uint32, name, function, target string) []byte {
	const directory, tables = 40, 4 + 4 + 2 // one address, one name, one ordinal
	nameAt := at + directory + tables
	functionAt := nameAt + uint32(len(name)) + 1
	targetAt := functionAt + uint32(len(function)) + 1
	var b []byte
	for _, word := range []uint32{
		0, 0, 0, nameAt,
		1, 1, 1, // first ordinal, functions, names
		at + directory, at + directory + 4, at + directory + 8,
		targetAt, functionAt,
	} {
		b = binary.LittleEndian.AppendUint32(b, word)
	}
	b = append(b, 0, 0) // the ordinal
	return append(b, name+"\x00"+function+"\x00"+target+"\x00"...)
}

func TestForwardingDLL(t *testing.T) {
	f, err := pe.NewFile(bytes.NewReader(forwardingDLL("a.dll", "Function", "b.Other")))
	if err != nil {
		t.Fatal(err)
	}
	data, err := f.Section(".edata").Data()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"a.dll\x00", "Function\x00", "b.Other\x00"} {
		if !bytes.Contains(data, []byte(s)) {
			t.Errorf("%q is not in it", s)
		}
	}
	if at := binary.LittleEndian.Uint32(data[40:]) - 0x1000; !bytes.HasPrefix(data[at:], []byte("b.Other\x00")) {
		t.Errorf("the function leads to %q", data[at:at+8])
	}
}
