"""Figures and the one-file HTML report of a run.

The figures are plain matplotlib `Figure` objects, made without pyplot, so nothing needs a screen.
"""

from carousel.report.figures import confusion as confusion
from carousel.report.figures import learning_curves as learning_curves
from carousel.report.forecasts import Shot as Shot
from carousel.report.forecasts import by_lead as by_lead
from carousel.report.forecasts import calibration as calibration
from carousel.report.forecasts import stretch as stretch
from carousel.report.page import ReportContent as ReportContent
from carousel.report.page import ReportFigure as ReportFigure
from carousel.report.page import write_report as write_report
from carousel.report.recall import ClassRecall as ClassRecall
from carousel.report.recall import class_recalls as class_recalls
from carousel.report.signals import classified_sequence as classified_sequence
from carousel.report.window import forecast_window as forecast_window
