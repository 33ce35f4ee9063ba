// Package recording reads recorded readings: CSV files, gzip or not, with the
// header ts,received,device,metric,value[,quality], as the simulator and the
// backtest exchange them (docs: command line and files, version 1).
package recording
