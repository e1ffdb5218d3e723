// Package live shows trainings in a browser: one that is under way in this program, and
// the runs in a folder, also those that other processes are training.
//
// [New] is an http.Handler with the page and what it asks for. It follows runs by their
// files (train/runfolder, train/observe), takes no lock and changes nothing. For the training
// of this program it is given an observe.Recorder and a [Controller], whose buttons
// stop the training or save a checkpoint.
//
//	recorder, err := observe.Attach(&config, model, trainSet, testSet, observe.Options{})
//	…
//	ctx, controller := live.Control(ctx, &config, nil)
//	handler, err := live.New(live.Options{Folder: config.Dir, Recorder: recorder, Controller: controller})
//	…
//	go http.ListenAndServe("127.0.0.1:8090", handler)
//	history, err := train.Fit(ctx, model, trainSet, testSet, config)
//
// # Routes
//
//	GET  /                        the page
//	GET  /api/info                what the page may do, and the token for POST
//	GET  /api/runs                the runs of the folder
//	GET  /api/run?run=R           settings and classes of a run
//	GET  /api/events?run=R&run=…  server-sent events: rows of epochs, points of steps, progress
//	GET  /api/epoch?run=R&epoch=N what the test after an epoch has shown
//	GET  /api/chosen?run=R        the chosen images, and predictions for them, epoch by epoch
//	GET  /api/probe?run=R&epoch=N weights, gradients and dead units
//	GET  /api/parameter?run=R&name=P  weights and gradients of a parameter, epoch by epoch
//	GET  /api/dead?run=R          dead units, epoch by epoch
//	GET  /api/compare?run=R&run=… the settings in which runs differ
//	POST /api/stop?when=epoch|now|never, /api/save
//
// A run is named by its path below the folder. The id of an event says what the client has by
// then; one that connects again sends it as Last-Event-ID, and gets what is new. Each client reads the state when it has time:
// a slow one gets fewer, larger events, and no training waits for it.
//
// # Safety
//
// The handler refuses requests by a host name that is not this machine's, unless Options.AnyHost is
// set, and requests that change something from pages of other sites or without the token. Whoever can reach the
// address can read the runs, with the pictures in them, and stop the training: listen at a
// loopback address, or put a server with authentication before it. Pages take names of classes, files and runs as text, never as HTML.
package live
