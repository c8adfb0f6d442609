console.log("obmalloc: start");
