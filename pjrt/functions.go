package pjrt

// A function is the position of a function pointer in the struct PJRT_Api, counted
// from the one behind the version. New functions are added at the end, so positions
// stay from minor version to minor version.
type function int

// The functions that this package calls.
const (
	errorDestroy                         function = 0
	errorMessage                         function = 1
	errorGetCode                         function = 2
	pluginInitialize                     function = 3
	pluginAttributes                     function = 4
	eventDestroy                         function = 5
	eventIsReady                         function = 6
	eventError                           function = 7
	eventAwait                           function = 8
	eventOnReady                         function = 9
	clientCreate                         function = 10
	clientDestroy                        function = 11
	clientPlatformName                   function = 12
	clientProcessIndex                   function = 13
	clientPlatformVersion                function = 14
	clientDevices                        function = 15
	clientCompile                        function = 20
	clientBufferFromHostBuffer           function = 22
	deviceDescriptionId                  function = 23
	deviceDescriptionProcessIndex        function = 24
	deviceDescriptionAttributes          function = 25
	deviceDescriptionKind                function = 26
	deviceDescriptionDebugString         function = 27
	deviceGetDescription                 function = 29
	deviceIsAddressable                  function = 30
	deviceLocalHardwareId                function = 31
	deviceMemoryStats                    function = 34
	executableDestroy                    function = 40
	executableName                       function = 41
	executableNumReplicas                function = 42
	executableNumPartitions              function = 43
	executableNumOutputs                 function = 44
	executableSizeOfGeneratedCodeInBytes function = 45
	executableGetCostAnalysis            function = 46
	executableOptimizedProgram           function = 48
	executableSerialize                  function = 49
	loadedExecutableDestroy              function = 50
	loadedExecutableGetExecutable        function = 51
	loadedExecutableAddressableDevices   function = 52
	loadedExecutableExecute              function = 55
	executableDeserializeAndLoad         function = 56
	bufferDestroy                        function = 58
	bufferElementType                    function = 59
	bufferDimensions                     function = 60
	bufferOnDeviceSizeInBytes            function = 64
	bufferDevice                         function = 65
	bufferDelete                         function = 67
	bufferIsDeleted                      function = 68
	bufferCopyToDevice                   function = 69
	bufferToHostBuffer                   function = 70
	bufferReadyEvent                     function = 72
	executableOutputElementTypes         function = 90
	executableOutputDimensions           function = 91
	executableFingerprint                function = 94
	executableGetCompiledMemoryStats     function = 96
)

var functionNames = map[function]string{
	errorDestroy:                         "PJRT_Error_Destroy",
	errorMessage:                         "PJRT_Error_Message",
	errorGetCode:                         "PJRT_Error_GetCode",
	pluginInitialize:                     "PJRT_Plugin_Initialize",
	pluginAttributes:                     "PJRT_Plugin_Attributes",
	eventDestroy:                         "PJRT_Event_Destroy",
	eventIsReady:                         "PJRT_Event_IsReady",
	eventError:                           "PJRT_Event_Error",
	eventAwait:                           "PJRT_Event_Await",
	eventOnReady:                         "PJRT_Event_OnReady",
	clientCreate:                         "PJRT_Client_Create",
	clientDestroy:                        "PJRT_Client_Destroy",
	clientPlatformName:                   "PJRT_Client_PlatformName",
	clientProcessIndex:                   "PJRT_Client_ProcessIndex",
	clientPlatformVersion:                "PJRT_Client_PlatformVersion",
	clientDevices:                        "PJRT_Client_Devices",
	clientCompile:                        "PJRT_Client_Compile",
	clientBufferFromHostBuffer:           "PJRT_Client_BufferFromHostBuffer",
	deviceDescriptionId:                  "PJRT_DeviceDescription_Id",
	deviceDescriptionProcessIndex:        "PJRT_DeviceDescription_ProcessIndex",
	deviceDescriptionAttributes:          "PJRT_DeviceDescription_Attributes",
	deviceDescriptionKind:                "PJRT_DeviceDescription_Kind",
	deviceDescriptionDebugString:         "PJRT_DeviceDescription_DebugString",
	deviceGetDescription:                 "PJRT_Device_GetDescription",
	deviceIsAddressable:                  "PJRT_Device_IsAddressable",
	deviceLocalHardwareId:                "PJRT_Device_LocalHardwareId",
	deviceMemoryStats:                    "PJRT_Device_MemoryStats",
	executableDestroy:                    "PJRT_Executable_Destroy",
	executableName:                       "PJRT_Executable_Name",
	executableNumReplicas:                "PJRT_Executable_NumReplicas",
	executableNumPartitions:              "PJRT_Executable_NumPartitions",
	executableNumOutputs:                 "PJRT_Executable_NumOutputs",
	executableSizeOfGeneratedCodeInBytes: "PJRT_Executable_SizeOfGeneratedCodeInBytes",
	executableGetCostAnalysis:            "PJRT_Executable_GetCostAnalysis",
	executableOptimizedProgram:           "PJRT_Executable_OptimizedProgram",
	executableSerialize:                  "PJRT_Executable_Serialize",
	loadedExecutableDestroy:              "PJRT_LoadedExecutable_Destroy",
	loadedExecutableGetExecutable:        "PJRT_LoadedExecutable_GetExecutable",
	loadedExecutableAddressableDevices:   "PJRT_LoadedExecutable_AddressableDevices",
	loadedExecutableExecute:              "PJRT_LoadedExecutable_Execute",
	executableDeserializeAndLoad:         "PJRT_Executable_DeserializeAndLoad",
	bufferDestroy:                        "PJRT_Buffer_Destroy",
	bufferElementType:                    "PJRT_Buffer_ElementType",
	bufferDimensions:                     "PJRT_Buffer_Dimensions",
	bufferOnDeviceSizeInBytes:            "PJRT_Buffer_OnDeviceSizeInBytes",
	bufferDevice:                         "PJRT_Buffer_Device",
	bufferDelete:                         "PJRT_Buffer_Delete",
	bufferIsDeleted:                      "PJRT_Buffer_IsDeleted",
	bufferCopyToDevice:                   "PJRT_Buffer_CopyToDevice",
	bufferToHostBuffer:                   "PJRT_Buffer_ToHostBuffer",
	bufferReadyEvent:                     "PJRT_Buffer_ReadyEvent",
	executableOutputElementTypes:         "PJRT_Executable_OutputElementTypes",
	executableOutputDimensions:           "PJRT_Executable_OutputDimensions",
	executableFingerprint:                "PJRT_Executable_Fingerprint",
	executableGetCompiledMemoryStats:     "PJRT_Executable_GetCompiledMemoryStats",
}

func (f function) String() string { return functionNames[f] }
